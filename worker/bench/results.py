"""What a comparison found, small enough to keep beside the documents that quote it."""

from pathlib import Path

from pydantic import NonNegativeFloat

from backend.domain.comparison import Cell, Comparison, Outcome, Spread
from backend.domain.spec import Spec


class Result(Spec):
    """One run: where it ended, or the sentence that says why it did not."""

    cell: Cell
    validation_accuracy: NonNegativeFloat | None = None
    test_accuracy: NonNegativeFloat | None = None
    reached: NonNegativeFloat | None = None
    """Dense over remaining parameters, where the cell has what was asked for."""
    epochs: NonNegativeFloat = 0.0
    settings: str = ""
    """What was chosen on the validation split."""
    failure: str | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> "Result":
        """Of an outcome."""
        point = outcome.point
        if point is None:
            return cls(cell=outcome.cell, failure=outcome.failure)
        return cls(
            cell=outcome.cell,
            validation_accuracy=point.retrained_accuracy,
            test_accuracy=point.test_accuracy,
            reached=None if outcome.reached is None else round(outcome.reached, 2),
            epochs=round(outcome.epochs, 2),
            settings=outcome.settings,
        )


class Results(Spec):
    """All runs of a comparison, with what they had in common."""

    network: str
    data: str
    conditions: str
    dense: tuple[NonNegativeFloat, ...]
    """Test accuracy of the dense networks, by seed."""
    results: tuple[Result, ...]

    @classmethod
    def of(cls, comparison: Comparison, conditions: str) -> "Results":
        """Of a comparison."""
        return cls(
            network=comparison.network,
            data=Path(comparison.data).stem,
            conditions=conditions,
            dense=tuple(comparison.dense_by_seed().values()),
            results=tuple(map(Result.of, comparison.outcomes)),
        )

    @property
    def compressions(self) -> tuple[float, ...]:
        """From the smallest on."""
        return tuple(sorted({result.cell.compression for result in self.results}))

    def test_accuracy(self, method: str, compression: float) -> Spread | None:
        """Over the seeds that ended well; None when none did."""
        here = (one for one in self.results if (one.cell.method, one.cell.compression) == (method, compression))
        return Spread.of(one.test_accuracy for one in here if one.test_accuracy is not None)

    def reached(self, method: str, compression: float) -> Spread | None:
        """Dense over remaining parameters that these runs came to; None where nobody wrote it down."""
        here = (one for one in self.results if (one.cell.method, one.cell.compression) == (method, compression))
        return Spread.of(one.reached for one in here if one.reached is not None)

    def write(self, file: Path) -> None:
        """As JSON, a line for each run."""
        runs = ",\n  ".join(one.model_dump_json(exclude_defaults=True) for one in self.results)
        head = self.model_dump_json(exclude={"results"})
        file.write_text(f'{head[:-1]},\n "results": [\n  {runs}\n ]}}\n', encoding="utf-8")

"""Methods side by side: the same dense networks, the same retraining, several compressions and seeds."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import NonNegativeInt, PositiveFloat

from backend.domain.errors import FailureCode
from backend.domain.reports import OperatingPoint
from backend.domain.spec import Spec


class Cell(Spec):
    """One run of a comparison."""

    method: str
    """Name of a preset."""
    compression: PositiveFloat
    """Dense over remaining parameters that the run is asked for."""
    seed: NonNegativeInt


class Outcome(Spec):
    """What came of a cell: the dense network and the one that was asked for, or the sentence that says why not."""

    cell: Cell
    dense: OperatingPoint | None = None
    point: OperatingPoint | None = None
    failure: str | None = None
    code: FailureCode | None = None
    """Of the failure; None where there is none, or nobody wrote it down."""
    epochs: float = 0.0
    """Passes over the training data between the dense network and this one, of all kinds together."""
    settings: str = ""
    """What the validation split chose of several, such as `learning_rate=0.02, prune.cost.beta=0.1`."""

    @property
    def reached(self) -> float | None:
        """Dense over remaining parameters; zeros are not counted, and None where there is nothing to compare."""
        if self.dense is None or self.point is None:
            return None
        return self.dense.parameters / max(1, self.point.parameters)


@dataclass(frozen=True)
class Spread:
    """Mean and range over seeds."""

    mean: float
    lowest: float
    highest: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Self | None:
        """None of no values."""
        found = list(values)
        return cls(statistics.mean(found), min(found), max(found), len(found)) if found else None


@dataclass(frozen=True)
class Comparison:
    """All outcomes of one network on one dataset."""

    network: str
    data: str
    outcomes: Sequence[Outcome]

    @property
    def methods(self) -> tuple[str, ...]:
        """In the order of their first outcome."""
        return tuple(dict.fromkeys(outcome.cell.method for outcome in self.outcomes))

    @property
    def compressions(self) -> tuple[float, ...]:
        """From the smallest on."""
        return tuple(sorted({outcome.cell.compression for outcome in self.outcomes}))

    def of(self, method: str, compression: float) -> tuple[Outcome, ...]:
        """The outcomes of a method at a compression, one a seed."""
        return tuple(
            outcome
            for outcome in self.outcomes
            if (outcome.cell.method, outcome.cell.compression) == (method, compression)
        )

    def test_accuracy(self, method: str, compression: float) -> Spread | None:
        """Over the seeds that ended well; None when none did."""
        points = (outcome.point for outcome in self.of(method, compression))
        return Spread.of(point.test_accuracy for point in points if point is not None)

    def reached(self, method: str, compression: float) -> Spread | None:
        """Dense over remaining parameters that a method came to at a compression asked for; None when no run ended.

        It is more than that where zeros left channels without inputs or outputs, which go too.
        """
        ended = (outcome for outcome in self.of(method, compression) if outcome.point is not None)
        return Spread.of(one.reached for one in ended if one.reached is not None)

    def epochs(self, method: str) -> Spread | None:
        """Passes over the training data that a method took, over its compressions and seeds; None when none ended."""
        ended = (outcome for outcome in self.outcomes if outcome.point is not None and outcome.cell.method == method)
        return Spread.of(outcome.epochs for outcome in ended)

    def dense_by_seed(self) -> dict[int, float]:
        """Test accuracy of the dense network of every seed that has a run."""
        dense = {outcome.cell.seed: outcome.dense for outcome in self.outcomes if outcome.dense is not None}
        return {seed: dense[seed].test_accuracy for seed in sorted(dense)}

    def dense_test_accuracy(self) -> Spread | None:
        """Over the seeds, each counted once."""
        return Spread.of(self.dense_by_seed().values())

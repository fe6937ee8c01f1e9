"""Methods side by side: the same dense networks, the same retraining, several compressions and seeds."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Self, TypeAlias

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, model_validator

from backend.domain.errors import FailureCode
from backend.domain.spec import Spec


class Cell(Spec):
    """One run of a comparison."""

    method: str
    """Name of a preset."""
    compression: PositiveFloat
    """Dense over remaining parameters that the run is asked for."""
    seed: NonNegativeInt


_Digest: TypeAlias = Annotated[str, Field(pattern=r"^([0-9a-f]{20})?$")]
_Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class Outcome(Spec):
    """What came of a cell: accuracies (of 1) and size of the network, or the sentence that says why there is none."""

    cell: Cell
    key: _Digest = ""
    """Of the recipe and the dense network's training, by which a run is known again; empty: not written down."""
    dense: _Digest = ""
    """Of the weights of the dense network that it began with, the same in all runs of a seed; empty: not known."""
    dense_accuracy: _Share | None = None
    """Of the dense network on the test split; None where a run trained its own."""
    validation_accuracy: _Share | None = None
    test_accuracy: _Share | None = None
    reached: NonNegativeFloat | None = None
    """Dense over remaining parameters, where the cell has what was asked for; zeros are not counted."""
    widths: tuple[NonNegativeInt, ...] = ()
    """Remaining channels of each layer."""
    epochs: NonNegativeFloat = 0.0
    """Passes over the training data between the dense network and this one, of all kinds together."""
    settings: str = ""
    """What the validation split chose of several, such as `learning_rate=0.02, prune.cost.beta=0.1`."""
    failure: str | None = None
    code: FailureCode | None = None
    """Of the failure; None where there is none, or nobody wrote it down."""


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


class Comparison(Spec):
    """All outcomes of one network on one dataset."""

    network: str
    data: str
    """Name of the dataset."""
    content_hash: str = ""
    """Of the dataset's arrays; empty: not written down."""
    conditions: str = ""
    """What all runs had in common, in sentences."""
    outcomes: tuple[Outcome, ...]
    others: tuple[Outcome, ...] = ()
    """Tried, and not chosen on the validation split."""

    @model_validator(mode="after")
    def _check_dense(self) -> Self:
        by_seed: dict[int, str] = {}
        for outcome in (*self.outcomes, *self.others):
            dense, seed = outcome.dense, outcome.cell.seed
            if dense and by_seed.setdefault(seed, dense) != dense:
                raise ValueError(
                    f"the runs of seed {seed} began with different dense networks ({by_seed[seed]} and {dense}); "
                    "compare runs of one"
                )
        return self

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
        return Spread.of(one.test_accuracy for one in self.of(method, compression) if one.test_accuracy is not None)

    def reached(self, method: str, compression: float) -> Spread | None:
        """Dense over remaining parameters that a method came to at a compression asked for; None when no run ended.

        It is more than that where zeros left channels without inputs or outputs, which go too.
        """
        return Spread.of(one.reached for one in self.of(method, compression) if one.reached is not None)

    def epochs(self, method: str) -> Spread | None:
        """Passes over the training data that a method took, over its compressions and seeds; None when none ended."""
        ended = (one for one in self.outcomes if one.test_accuracy is not None and one.cell.method == method)
        return Spread.of(one.epochs for one in ended)

    def dense_by_seed(self) -> dict[int, float]:
        """Test accuracy of the dense network of every seed that has a run, as the first one read it."""
        dense: dict[int, float] = {}
        for one in self.outcomes:
            if one.dense_accuracy is not None:
                dense.setdefault(one.cell.seed, one.dense_accuracy)
        return {seed: dense[seed] for seed in sorted(dense)}

    def dense_test_accuracy(self) -> Spread | None:
        """Over the seeds, each counted once."""
        return Spread.of(self.dense_by_seed().values())

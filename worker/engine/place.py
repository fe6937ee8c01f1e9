"""Where a pruning run is: the whole of its state that is not tensors."""

from dataclasses import dataclass
from typing import Self

from pydantic import JsonValue, TypeAdapter

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.latencies import Latency
from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from backend.domain.scores import ScoreDistribution


@dataclass(frozen=True)
class Place:
    """A place between two steps."""

    step: int
    level: int
    """Operating points from 1: the one that is being made."""
    phase: Phase
    trained: int
    """Optimizer steps done of the stretch of training that is under way."""
    removals: int
    """Removals done at this level."""
    batch: int
    """Mini-batches taken of the epoch under way."""
    dense_accuracy: float
    pruned_accuracy: float
    recipe: str
    """The recipe's fingerprint."""
    before_accuracy: float | None = None
    """Straight before this level's removals; None in checkpoints from before it was recorded."""
    scores: ScoreDistribution | None = None
    """Of this level's last removal, once it is done."""
    latency: Latency | None = None
    """The layers' times that the whole run goes by, where latency counts."""

    @classmethod
    def first(cls, phase: Phase, recipe: Recipe) -> Self:
        """Before anything was done of this recipe."""
        return cls(0, 1, phase, 0, 0, 0, 0.0, 0.0, recipe.fingerprint(), latency=recipe.latency)

    @staticmethod
    def latency_of(state: dict[str, JsonValue]) -> Latency | None:
        """The times in what `state` gave; None where latency does not count."""
        return TypeAdapter(Latency | None).validate_python(state.get("latency"))

    @classmethod
    def of_state(cls, state: dict[str, JsonValue], recipe: str) -> Self:
        """Read what `state` gave; JobFailure(INTERNAL_ERROR) when it belongs to another recipe than this one."""
        place = TypeAdapter(cls).validate_python(state)
        if place.recipe != recipe:
            raise JobFailure(
                FailureCode.INTERNAL_ERROR, "The checkpoint belongs to another recipe.", "Start the run again."
            )
        return place

    def state(self) -> dict[str, JsonValue]:
        """As JSON, for a checkpoint."""
        value: dict[str, JsonValue] = TypeAdapter(Place).dump_python(self, mode="json")
        return value

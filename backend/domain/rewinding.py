"""The step of the dense training that a recipe goes back to, and whether there is one."""

from dataclasses import dataclass

from backend.domain.idle_settings import goes_back_to_kept_step
from backend.domain.recipe import Recipe


@dataclass(frozen=True)
class Beyond:
    """A step to rewind to that lies outside of the training that it is part of."""

    step: int
    steps: int
    epochs: str
    """The field that holds the length of that training."""

    @property
    def detail(self) -> str:
        """A sentence that names both fields."""
        return f"dense.keep_step: step {self.step:,} lies beyond the {self.steps:,} optimizer steps of {self.epochs}."

    @property
    def hint(self) -> str:
        """What to choose instead."""
        return f"Choose an earlier step, or more {self.epochs}."


def rewound_step(recipe: Recipe) -> int:
    """The step that retraining goes on from; 0 where it begins anew, and where nothing is rewound."""
    dense = recipe.dense
    return dense.keep_step if dense is not None and goes_back_to_kept_step(recipe.retrain) else 0


def beyond(recipe: Recipe, epoch: int) -> Beyond | None:
    """What is wrong with `dense.keep_step` where an epoch has `epoch` mini-batches; None if nothing is.

    The steps before it count as done in retraining, which must have some left.
    """
    dense, retrain = recipe.dense, recipe.retrain
    if dense is None:
        return None
    if dense.keep_step > dense.epochs * epoch:
        return Beyond(dense.keep_step, dense.epochs * epoch, "dense.epochs")
    if retrain.epochs and rewound_step(recipe) >= retrain.epochs * epoch:
        return Beyond(dense.keep_step, retrain.epochs * epoch, "retrain.epochs")
    return None

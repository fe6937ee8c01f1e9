"""The step of the dense training that a recipe goes back to, and whether there is one."""

from dataclasses import dataclass

from backend.domain.recipe import Recipe
from backend.domain.starts import RewindStart


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
    dense, retrain = recipe.dense, recipe.retrain
    is_rewound = retrain.learning_rate_decay == "rewind" or retrain.start.kind == "rewind"
    if dense is None or not is_rewound or retrain.start == RewindStart(to="initialization"):
        return 0
    return dense.keep_step


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

"""Weights of the dense training that later phases need: given, or kept as they come, also in checkpoints."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from torch import Tensor

from backend.domain.recipe import Recipe
from worker.engine.checkpoint import Checkpoint

Moment: TypeAlias = Literal["initialization", "keep_step", "trained"]
_MOMENTS: tuple[Moment, ...] = ("initialization", "keep_step", "trained")
Moments: TypeAlias = Mapping[Moment, Mapping[str, Tensor]]
"""A network's tensors by name, at moments of its training."""


class EarlyWeights:
    """The dense network's tensors at those moments of its training that a recipe asks for.

    Where they are `given`, that training is over; ValueError if one lacks.
    """

    def __init__(self, recipe: Recipe, given: Moments | None = None) -> None:
        self._wanted = wanted_moments(recipe)
        self._keep_step = None if recipe.dense is None else recipe.dense.keep_step
        self._kept: dict[Moment, Mapping[str, Tensor]] = dict(given or {})
        self.must_train = recipe.dense is not None and given is None
        """Whether the run trains the dense network itself."""
        lacking = self._wanted - set(self._kept) - {"trained"}
        if given is not None and lacking:
            raise ValueError(f"no weights of the moment `{min(lacking)}` are given")

    def keep(self, moment: Moment, tensors: Mapping[str, Tensor]) -> None:
        """Keep tensors (on the CPU, nobody else's) if the recipe needs them later."""
        if moment in self._wanted:
            self._kept[moment] = tensors

    def keep_at(self, step: int, read: Callable[[], Mapping[str, Tensor]]) -> None:
        """Keep what `read` gives (as for `keep`) after `step` steps of the dense training, where that is a moment."""
        if step == 0:
            self.keep("initialization", read())
        if step == self._keep_step:
            self.keep("keep_step", read())

    def get(self, moment: Moment) -> Mapping[str, Tensor] | None:
        """The tensors of a moment; None when it was not kept."""
        return self._kept.get(moment)

    def checkpoint_tensors(self) -> dict[str, Tensor]:
        """Copies, by moment and name."""
        return {
            f"early/{moment}/{name}": tensor.clone()
            for moment, tensors in self._kept.items()
            for name, tensor in tensors.items()
        }

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to what a checkpoint holds."""
        parts = {moment: checkpoint.part(f"early/{moment}") for moment in _MOMENTS}
        self._kept = {moment: tensors for moment, tensors in parts.items() if tensors}


def wanted_moments(recipe: Recipe) -> frozenset[Moment]:
    """The moments whose weights a recipe needs later."""
    start, wanted = recipe.retrain.start, set[Moment]()
    if recipe.dense is None:
        return frozenset()
    if start.kind == "rewind":
        wanted.add(start.to)
    if start.kind == "sign_kept":
        wanted.add("initialization")
    if recipe.distill is not None:
        wanted.add("trained")
    return frozenset(wanted)

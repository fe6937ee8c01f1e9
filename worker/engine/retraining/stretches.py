"""The stretches of ordinary training in a run: how long each is, and its learning rate at every step."""

from dataclasses import dataclass

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from backend.domain.retraining import Retrain, Training
from backend.domain.rewinding import beyond, rewound_step
from worker.engine.retraining.decay import learning_rate
from worker.engine.retraining.parts import Part

_TURNS: tuple[Part, ...] = ("linear", "conv")
"""As the authors go: first what was pruned most."""


@dataclass(frozen=True)
class Stretch:
    """Ordinary training of a known length."""

    training: Training
    steps: int
    schedule: Training
    """Whose learning rates are used."""
    begin: float = 0.0
    """Share of that schedule that counts as done at the first step."""
    pause: int | None = None
    """A step that must be the last one of a record, because something is kept after it."""
    turn: int | None = None
    """After so many steps the other part of the network is trained; None: all of it, all the time."""

    def learning_rate(self, start: int, step: int) -> float:
        """Step size of step `start + step`, both from 0."""
        rest = 1 - self.begin
        return learning_rate(self.schedule, self.begin + rest * (start + step) / self.steps, rest / self.steps)

    def record_steps(self, start: int) -> int:
        """How many steps from `start` on make the next record."""
        end = self.pause if self.pause is not None and start < self.pause else self.steps
        if self.turn is not None:
            end = min(end, start - start % self.turn + self.turn)
        return min(self.training.steps_per_record, end - start)

    def part(self, start: int) -> Part | None:
        """The part of the network that the record from `start` on trains; None: all of it."""
        return None if self.turn is None else _TURNS[start // self.turn % len(_TURNS)]


class Stretches:
    """The stretches that a recipe asks for; `epoch` is the number of mini-batches in one.

    Raises JobFailure(INVALID_RECIPE) when `dense.keep_step` lies beyond the training that it is part of.
    """

    def __init__(self, recipe: Recipe, epoch: int, dense_macs: int) -> None:
        self._recipe, self._epoch, self._dense_macs = recipe, epoch, dense_macs
        problem = beyond(recipe, epoch)
        if problem is not None:
            raise JobFailure(FailureCode.INVALID_RECIPE, problem.detail, problem.hint)

    def steps(self, phase: Phase, macs: int) -> int:
        """Optimizer steps of a phase's stretch, for a network of `macs`; 0 where it has none."""
        stretch = self.at(phase, macs)
        return 0 if stretch is None else stretch.steps

    def at(self, phase: Phase, macs: int) -> Stretch | None:
        """The stretch of a phase, for a network of `macs`; None where it has none."""
        recipe = self._recipe
        if phase is Phase.RETRAIN:
            return self._retraining(recipe.retrain, macs)
        if phase is Phase.TRAIN and recipe.dense is not None:
            return Stretch(recipe.dense, self._length(recipe.dense), recipe.dense, pause=recipe.dense.keep_step)
        if phase is Phase.SPARSIFY and recipe.sparsify is not None:
            return Stretch(recipe.sparsify, self._length(recipe.sparsify), recipe.sparsify)
        return None

    def _length(self, training: Training) -> int:
        return training.epochs * self._epoch

    def _retraining(self, retrain: Retrain, macs: int) -> Stretch:
        longer = self._dense_macs / macs if retrain.budget == "macs" else 1.0
        steps = max(0, round(self._length(retrain) * longer) - rewound_step(self._recipe))
        turn = self._epoch if retrain.parts == "in_turn" else None
        dense = self._recipe.dense
        if retrain.learning_rate_decay != "rewind" or dense is None:
            return Stretch(retrain, steps, retrain, turn=turn)
        begin = rewound_step(self._recipe) / max(1, self._length(dense))
        return Stretch(retrain, steps, dense, begin=begin, turn=turn)

"""What stays the same over a run: data on the device, the scaling, the trainer, and measuring."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor, fx, nn

from backend.domain.recipe import Recipe
from worker.engine.batches import Batches
from worker.engine.checkpoint import Checkpoint
from worker.engine.divergence import Overflowed
from worker.engine.evaluation import Evaluation, evaluate, measured_batches
from worker.engine.examples import Examples, place, split_validation
from worker.engine.feeding import Feed
from worker.engine.inspection import first_overflow
from worker.engine.precision import Precision
from worker.engine.scaling import Scaling, fit_scaling
from worker.engine.seeds import Generators
from worker.engine.training import Trainer

_PASSES_IN_A_STEP = 3
"""A backward pass takes about two forward passes."""


@dataclass(frozen=True)
class DataOrder:
    """How the data is scaled, split and batched."""

    scaling: Literal["none", "unit", "standardize"]
    validation_share: float
    batch_size: int
    seed: int

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """As a recipe says."""
        return cls(recipe.data.scaling, recipe.data.validation_share, recipe.data.batch_size, recipe.seed)


@dataclass(frozen=True)
class Workplace:
    """Trainer and measurements over one dataset on one device."""

    scaling: Scaling
    generators: Generators
    trainer: Trainer
    _validation: Examples
    _test: Examples

    def inspecting(self) -> Self:
        """The same, with a trainer that looks at every value of every step."""
        return replace(self, trainer=replace(self.trainer, inspects=True))

    def validate(self, module: fx.GraphModule) -> Evaluation:
        """Measure on the validation split; raises Overflowed where answers are not finite."""
        return self._measure(module, self._validation)

    def accuracy(self, module: nn.Module) -> float | None:
        """Accuracy on the validation split, for the history alone: None, and no failure, where it is undefined."""
        found = self._evaluate(module, self._validation)
        return found.accuracy if math.isfinite(found.loss) else None

    def test(self, module: fx.GraphModule) -> Evaluation:
        """Measure on the test split, likewise: once for each operating point, never to choose anything."""
        return self._measure(module, self._test)

    @property
    def validation_steps(self) -> float:
        """Optimizer steps that take as long as measuring on the validation split: about a third of one a batch."""
        batches = self.trainer.batches
        return len(self._validation) * batches.per_epoch / batches.example_count / _PASSES_IN_A_STEP

    def checkpoint_tensors(self) -> dict[str, Tensor]:
        """Random streams and the order of this epoch, for a checkpoint."""
        generators = {f"generators/{name}": state for name, state in self.generators.tensors().items()}
        return generators | {"batches/epoch": self.trainer.batches.epoch_state()}

    def restore(self, checkpoint: Checkpoint, batch: int) -> None:
        """Go back to a checkpoint, after `batch` mini-batches of its epoch."""
        self.trainer.batches.restore(checkpoint.tensors["batches/epoch"], batch)
        self.generators.restore(checkpoint.part("generators"))

    def _measure(self, module: fx.GraphModule, examples: Examples) -> Evaluation:
        found = self._evaluate(module, examples)
        if not math.isfinite(found.loss):
            batches = measured_batches(examples, self.scaling, self.trainer.device)
            raise Overflowed(first_overflow(module, (inputs for inputs, _ in batches)) or "the loss")
        return found

    def _evaluate(self, module: nn.Module, examples: Examples) -> Evaluation:
        return evaluate(module, examples, self.scaling, self.trainer.device, self.trainer.precision)


def set_up(
    feed: Feed, order: DataOrder, device: torch.device, precision: Precision, should_stop: Callable[[], bool]
) -> Workplace:
    """Split, place and scale the data, and seed the run's random streams."""
    split = split_validation(feed.train, order.validation_share, order.seed)
    scaling = fit_scaling(feed.train, order.scaling, feed.inputs)
    generators = Generators(order.seed, ("order", "criterion", "regularizer", "initialization"), device)
    batches = Batches(place(split.train, device), scaling, order.batch_size, generators["order"], device)
    trainer = Trainer(batches, device, precision, should_stop)
    return Workplace(scaling, generators, trainer, place(split.validation, device), place(feed.test, device))

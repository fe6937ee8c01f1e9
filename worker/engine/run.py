"""A pruning run as a generator of events, checkpoints and finished points."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TypeAlias

import torch
from pydantic import JsonValue, TypeAdapter

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.events import RunStarted, StepFinished
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.reports import OperatingPoint, Phase, StepRecord
from backend.domain.retraining import Training
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import OPTIMIZERS, REGULARIZERS, SCHEDULES
from worker.engine.checkpoint import Checkpoint
from worker.engine.checks import check_data, check_target
from worker.engine.evaluation import Evaluation
from worker.engine.examples import Dataset
from worker.engine.failures import memory_failures
from worker.engine.layout import layout_of
from worker.engine.network import Network, build, summarize
from worker.engine.placement import on_device
from worker.engine.progress import forecast
from worker.engine.regularizers.regularizer import Ground, Regularizer
from worker.engine.removal import ChannelRemoval, Removal
from worker.engine.results import FinishedPoint
from worker.engine.retraining.decay import cosine
from worker.engine.retraining.losses import DistillationLoss, Loss, cross_entropy
from worker.engine.retraining.optimizers import MakeOptimizer
from worker.engine.trainee import Trainee
from worker.engine.training import Stopped, Totals
from worker.engine.workplace import DataOrder, set_up

Output: TypeAlias = RunStarted | StepFinished | Checkpoint | FinishedPoint


def run(
    network: Network,
    dataset: Dataset,
    recipe: Recipe,
    device: torch.device,
    *,
    should_stop: Callable[[], bool],
    resume: Checkpoint | None = None,
) -> Iterator[Output]:
    """Prune and retrain `network` by the recipe.

    First comes RunStarted, then (without `resume`) the dense network as point 0, then steps, each followed by a
    checkpoint of exactly its state, and after each operating point's last step that point. A run resumed from the
    checkpoint after which a point comes gives that point again. Returns silently once `should_stop()` is true;
    raises JobFailure before any training when data or target do not fit, and when training fails.
    """
    with memory_failures():
        check_data(network, dataset)
        check_target(summarize(network), recipe)
        try:
            yield from _PruningRun(network, dataset, recipe, device, should_stop).outputs(resume)
        except Stopped:
            return


@dataclass(frozen=True)
class _Place:
    """Where a run is: the whole of its state that is not tensors."""

    step: int
    level: int
    phase: Phase
    trained: int
    """Optimizer steps done of the stretch of training that is under way."""
    removals: int
    """Removals done at this level."""
    batch: int
    dense_accuracy: float
    pruned_accuracy: float
    recipe: str
    """The recipe's fingerprint."""


_PLACE = TypeAdapter(_Place)


class _PruningRun:
    def __init__(
        self, network: Network, dataset: Dataset, recipe: Recipe, device: torch.device, should_stop: Callable[[], bool]
    ) -> None:
        self._network, self._recipe, self._device = network, recipe, device
        summary = summarize(network)
        model = self._model = SizeModel.of(summary)
        self._work = set_up(dataset, _data_order(recipe), device, recipe.compute.precision, should_stop)
        self._layout = layout_of(summary, model)
        self._trainee = Trainee(network, device)
        self._removal: Removal = ChannelRemoval(self._trainee, summary, recipe, self._work.generators["criterion"])
        self._schedule = SCHEDULES.make(recipe.prune.schedule)
        epoch = self._work.trainer.batches.per_epoch
        self._forecast = forecast(recipe, model, self._schedule, epoch)
        self._stretches = _stretches(recipe, epoch)
        self._retrain_loss = self._loss()
        first = Phase.PRUNE if recipe.sparsify is None else Phase.SPARSIFY
        self._place = _Place(0, 1, first, 0, 0, 0, 0.0, 0.0, recipe.fingerprint())

    def outputs(self, resume: Checkpoint | None) -> Iterator[Output]:
        yield RunStarted(self._layout)
        if resume is not None:
            self._restore(resume)
        else:
            dense = self._work.validate(self._trainee.module)
            self._place = replace(self._place, dense_accuracy=dense.accuracy, pruned_accuracy=dense.accuracy)
            yield self._point(0, dense)
            self._enter(self._place.phase)
        if self._place.phase is Phase.SPARSIFY:
            yield from self._train(cross_entropy)
            self._trainee.finish_regularizer()
            self._enter(Phase.PRUNE)
        for level in range(self._place.level, self._recipe.prune.points + 1):
            if self._place.phase is Phase.PRUNE:
                yield from self._prune(level)
            yield from self._train(self._retrain_loss)
            yield self._point(level, self._work.validate(self._trainee.module))
            self._enter(Phase.PRUNE, level=level + 1)

    def _enter(self, phase: Phase, **changes: float) -> None:
        """Begin a phase with a fresh optimizer."""
        self._place = replace(self._place, phase=phase, trained=0, removals=0, **changes)  # type: ignore[arg-type]
        if phase is Phase.SPARSIFY:
            self._trainee.regularizer = self._regularizer(self._trainee)
        self._trainee.start_training(self._optimizer(phase))

    def _prune(self, level: int) -> Iterator[Output]:
        """Remove until the level's density is reached, then measure what is left."""
        target, points = self._recipe.target.density, self._recipe.prune.points
        start, end = target ** ((level - 1) / points), target ** (level / points)
        while not self._removal.is_reached(end):
            self._removal.start_reading()
            loss = self._removal.watched(cross_entropy)
            totals = self._work.trainer.train(self._trainee, loss, self._schedule.training_steps)
            density = self._schedule.level(start, end, self._place.removals)
            removed = self._removal.remove(density, self._schedule.channels)
            self._place = replace(self._place, removals=self._place.removals + 1)
            yield from self._finish_step(totals, removed)
        self._removal.settle()
        self._enter(Phase.RETRAIN, pruned_accuracy=self._work.validate(self._trainee.module).accuracy)

    def _train(self, loss: Loss) -> Iterator[Output]:
        """Train to the end of the phase's stretch."""
        stretch = self._stretches[self._place.phase]
        while self._place.trained < stretch.steps:
            start = self._place.trained
            steps = min(stretch.training.steps_per_record, stretch.steps - start)
            totals = self._work.trainer.train(self._trainee, loss, steps, partial(stretch.learning_rate, start))
            self._place = replace(self._place, trained=start + steps)
            yield from self._finish_step(totals, ())

    def _finish_step(self, totals: Totals, removed: tuple[str, ...]) -> Iterator[Output]:
        place = self._place = replace(
            self._place, step=self._place.step + 1, batch=self._work.trainer.batches.position()
        )
        record = StepRecord(
            step=place.step,
            phase=place.phase,
            progress=self._forecast.progress(self._removal.density(), self._steps_done()),
            loss=totals.loss,
            accuracy=totals.accuracy,
            removed=removed,
            **asdict(self._removal.size()),
        )
        yield StepFinished(record)
        yield self._checkpoint()

    def _steps_done(self) -> int:
        """Optimizer steps of all stretches so far."""
        place, stretches = self._place, self._stretches
        if place.phase is Phase.SPARSIFY:
            return place.trained
        before = stretches[Phase.SPARSIFY].steps if Phase.SPARSIFY in stretches else 0
        return before + (place.level - 1) * stretches[Phase.RETRAIN].steps + place.trained

    def _point(self, index: int, validation: Evaluation) -> FinishedPoint:
        test = self._work.test(self._trainee.module)
        point = OperatingPoint(
            index=index,
            step=self._place.step,
            dense_accuracy=self._place.dense_accuracy,
            pruned_accuracy=self._place.pruned_accuracy,
            retrained_accuracy=validation.accuracy,
            retrained_loss=validation.loss,
            test_accuracy=test.accuracy,
            test_loss=test.loss,
            is_target=index == self._recipe.prune.points,
            **asdict(self._removal.size()),
        )
        return FinishedPoint(point, self._trainee.network(), self._work.scaling)

    def _checkpoint(self) -> Checkpoint:
        state: dict[str, JsonValue] = _PLACE.dump_python(self._place, mode="json")
        tensors = self._trainee.checkpoint_tensors() | self._work.checkpoint_tensors()
        return Checkpoint(self._place.step, tensors, state)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._place = _PLACE.validate_python(checkpoint.state)
        if self._place.recipe != self._recipe.fingerprint():
            raise JobFailure(
                FailureCode.INTERNAL_ERROR, "The checkpoint belongs to another recipe.", "Start the run again."
            )
        prepare = self._regularizer if self._place.phase is Phase.SPARSIFY else None
        self._trainee.restore(checkpoint, self._optimizer(self._place.phase), prepare)
        self._work.restore(checkpoint, self._place.batch)

    def _optimizer(self, phase: Phase) -> MakeOptimizer:
        stretch = self._stretches.get(phase)
        return OPTIMIZERS.make(self._recipe.prune.optimizer if stretch is None else stretch.training.optimizer)

    def _regularizer(self, trainee: Trainee) -> Regularizer:
        if self._recipe.sparsify is None:
            raise RuntimeError("only a recipe with a section `sparsify` has a regularizer")
        ground = Ground(
            module=trainee.module,
            groups=trainee.groups,
            gates=trainee.gates,
            example_count=self._work.trainer.batches.example_count,
            steps=self._stretches[Phase.SPARSIFY].steps,
            generator=self._work.generators["regularizer"],
            network=self._network,
            model=self._model,
        )
        return REGULARIZERS.make(self._recipe.sparsify.regularizer)(ground)

    def _loss(self) -> Loss:
        if self._recipe.distill is None:
            return cross_entropy
        return DistillationLoss(self._recipe.distill, on_device(build(self._network), self._device))


@dataclass(frozen=True)
class _Stretch:
    """Ordinary training of a known length."""

    training: Training
    steps: int

    def learning_rate(self, start: int, step: int) -> float:
        peak = self.training.optimizer.learning_rate
        return peak if self.training.learning_rate_decay == "none" else cosine(peak, (start + step) / self.steps)


def _stretches(recipe: Recipe, epoch: int) -> dict[Phase, _Stretch]:
    """The recipe's stretches by phase; `epoch` is the number of mini-batches in one."""
    sections: dict[Phase, Training | None] = {Phase.SPARSIFY: recipe.sparsify, Phase.RETRAIN: recipe.retrain}
    return {phase: _Stretch(part, part.epochs * epoch) for phase, part in sections.items() if part is not None}


def _data_order(recipe: Recipe) -> DataOrder:
    data: DataSplit = recipe.data
    return DataOrder(data.scaling, data.validation_share, data.batch_size, recipe.seed)

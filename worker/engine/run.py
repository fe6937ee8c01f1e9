"""A pruning run as a generator of events, checkpoints and finished points."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cached_property, partial
from typing import TypeAlias

import torch

from backend.domain.events import RunStarted, StepFinished
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, Phase, StepRecord
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import OPTIMIZERS, SCHEDULES, STARTS
from worker.engine.checkpoint import Checkpoint
from worker.engine.checks import check_data, check_target
from worker.engine.divergence import Whereabouts
from worker.engine.examples import Dataset
from worker.engine.failures import memory_failures
from worker.engine.first_layers import first_layers
from worker.engine.gate_history import GateHistory, gate_history
from worker.engine.granularities import make_removal
from worker.engine.ground import make_regularizer
from worker.engine.information import Information, layer_information
from worker.engine.layer_times import with_times
from worker.engine.network import Network, build, summarize
from worker.engine.place import Place
from worker.engine.placement import on_device
from worker.engine.progress import Moment, density_at, first_phase, forecast
from worker.engine.rankings import distribution
from worker.engine.regularizers.regularizer import Regularizer
from worker.engine.replay import with_replay
from worker.engine.results import Delivered, FinishedPoint, Measured, Removed
from worker.engine.retraining.early import EarlyWeights, Moments
from worker.engine.retraining.fresh import fresh_weights
from worker.engine.retraining.losses import Loss, cross_entropy, taught_loss, taught_phases
from worker.engine.retraining.optimizers import MakeOptimizer
from worker.engine.retraining.parts import frozen_tensors
from worker.engine.retraining.starts import Found
from worker.engine.retraining.stretches import Stretch, Stretches
from worker.engine.trainee import Trainee
from worker.engine.training import Stopped, Totals
from worker.engine.weight_bits import weight_bits
from worker.engine.whereabouts import whereabouts
from worker.engine.workplace import DataOrder, Workplace, set_up

Output: TypeAlias = RunStarted | StepFinished | Checkpoint | FinishedPoint


def run(
    network: Network,
    dataset: Dataset,
    recipe: Recipe,
    device: torch.device,
    *,
    should_stop: Callable[[], bool],
    resume: Checkpoint | None = None,
    early: Moments | None = None,
) -> Iterator[Output]:
    """Prune and retrain `network` by the recipe.

    First comes RunStarted, then (without `resume`) the dense network as point 0, then steps, each followed by a
    checkpoint of exactly its state, and after each operating point's last step that point. Where the recipe trains the
    dense network itself, these steps come before point 0. A run resumed from the checkpoint after which a point comes
    gives that point again. Returns silently once `should_stop()` is true; raises JobFailure before any training when
    data or target do not fit, and when training fails.

    `early` are weights that `network` had at those moments of its training that the recipe needs: then the section
    `dense` says how it was trained, and is not run.
    """
    with memory_failures():
        feed = check_data(network, dataset)
        check_target(summarize(network), recipe)
        timed = with_times(recipe, network, device, resume)

        def attempt() -> _PruningRun:
            work = set_up(feed, DataOrder.of(timed), device, timed.compute.precision, should_stop)
            return _PruningRun(network, timed, EarlyWeights(timed, early), work)

        try:
            yield from with_replay(attempt, resume)
        except Stopped:
            return


class _PruningRun:
    def __init__(self, network: Network, recipe: Recipe, early: EarlyWeights, work: Workplace) -> None:
        self._network, self._recipe, self._early, self._work = network, recipe, early, work
        self._device = work.trainer.device
        summary = summarize(network)
        model = self._model = SizeModel.of(summary)
        self._trainee = Trainee(network, self._device)
        self._removal = make_removal(network, self._trainee, summary, recipe, self._work.generators["criterion"])
        self._schedule = SCHEDULES.make(recipe.prune.schedule)
        self._stretches = Stretches(recipe, self._work.trainer.batches.per_epoch, model.dense.macs)
        self._forecast = forecast(recipe, model, self._schedule, self._stretches, self._work.validation_steps)
        first = Phase.TRAIN if early.must_train else first_phase(recipe, 1)
        self._place = Place.first(first, recipe)

    def inspect(self) -> None:
        self._work = self._work.inspecting()

    def whereabouts(self) -> Whereabouts:
        stretch = self._stretch(self._place.phase)
        return whereabouts(self._place, self._recipe, stretch, self._schedule.training_steps)

    def outputs(self, resume: Checkpoint | None) -> Iterator[Output]:
        yield RunStarted(self._removal.layout.model_copy(update={"latency": self._recipe.latency}))
        if resume is not None:
            self._restore(resume)
        elif self._place.phase is Phase.TRAIN:
            self._trainee.set_tensors(fresh_weights(self._network, self._work.generators["initialization"]))
            self._enter(Phase.TRAIN)
        if self._place.phase is Phase.TRAIN:
            yield from self._train()
            self._early.keep("trained", self._trainee.network().tensors)
        if resume is None or self._place.phase is Phase.TRAIN:
            yield self._dense_point()
        while self._place.level <= self._recipe.prune.points:
            if self._place.phase is Phase.SPARSIFY:
                yield from self._train()
                self._trainee.finish_regularizer()
                self._enter(Phase.PRUNE, before_accuracy=self._work.validate(self._trainee.module).accuracy)
            if self._place.phase is Phase.PRUNE:
                yield from self._prune(self._place.level)
            yield from self._train()
            point = self._point(self._place.level, self._measured(self._removal.delivered()))
            yield point
            level = self._place.level + 1
            self._enter(first_phase(self._recipe, level), level=level, before_accuracy=point.point.retrained_accuracy)

    def _dense_point(self) -> FinishedPoint:
        """Point 0, after which removals or a regularizer begin."""
        dense = self._measured(Delivered(self._trainee.network(), self._removal.size()))
        accuracy = dense.validation.accuracy
        self._place = replace(self._place, dense_accuracy=accuracy, before_accuracy=accuracy, pruned_accuracy=accuracy)
        point = self._point(0, dense)
        self._enter(first_phase(self._recipe, 1))
        return point

    def _enter(self, phase: Phase, **changes: float) -> None:
        """Begin a phase with a fresh optimizer."""
        scores = self._place.scores if phase is Phase.RETRAIN else None
        self._place = replace(self._place, phase=phase, trained=0, removals=0, scores=scores, **changes)  # type: ignore[arg-type]
        if phase is Phase.SPARSIFY:
            self._trainee.regularizer = self._regularizer(self._trainee)
        self._trainee.start_training(self._optimizer(phase))

    def _prune(self, level: int) -> Iterator[Output]:
        """Remove until the level's density is reached, then measure what is left."""
        start, end = density_at(self._recipe, level - 1), density_at(self._recipe, level)
        while not self._removal.is_reached(end):
            self._removal.start_reading()
            loss = self._removal.watched(cross_entropy)
            totals = self._work.trainer.train(self._trainee, loss, self._schedule.training_steps)
            density = self._schedule.level(start, end, self._place.removals)
            before = self._accuracy()
            gone = self._removal.remove(density, self._schedule.channels)
            removed = Removed(gone, before, self._accuracy())
            reached, rankings = self._removal.is_reached(end), self._removal.take_rankings()
            scores = distribution(rankings, self._deepest(level)) if reached else None
            self._place = replace(self._place, removals=self._place.removals + 1, scores=scores)
            yield from self._finish_step(totals, removed)
        self._removal.settle()
        pruned = self._work.validate(self._trainee.module)
        found = Found(self._trainee, self._network, self._early, self._work.generators["initialization"])
        self._trainee.set_tensors(STARTS.make(self._recipe.retrain.start)(found))
        self._enter(Phase.RETRAIN, level=self._deepest(level), pruned_accuracy=pruned.accuracy)

    def _accuracy(self) -> float | None:
        """What a removal is measured by, where the recipe says so."""
        return self._work.accuracy(self._trainee.module) if self._recipe.prune.measure_removals else None

    def _deepest(self, level: int) -> int:
        """The last level that the network has come to, from `level` on: those that coincide are one operating point."""
        while level < self._recipe.prune.points and self._removal.is_reached(density_at(self._recipe, level + 1)):
            level += 1
        return level

    def _train(self) -> Iterator[Output]:
        """Train to the end of the phase's stretch, by the phase's loss."""
        loss = self._taught_loss if self._place.phase in taught_phases(self._recipe.distill) else cross_entropy
        stretch = self._stretch(self._place.phase)
        if stretch is None:
            raise RuntimeError(f"the recipe has no stretch of training in the phase {self._place.phase}")
        self._trainee.gradient_norm = stretch.training.gradient_norm
        while self._place.trained < stretch.steps:
            start = self._place.trained
            self._keep_early(start)
            self._trainee.freeze(frozen_tensors(self._network, stretch.part(start)))
            steps = stretch.record_steps(start)
            totals = self._work.trainer.train(self._trainee, loss, steps, partial(stretch.learning_rate, start))
            self._place = replace(self._place, trained=start + steps)
            yield from self._finish_step(totals, Removed())
        self._trainee.freeze(frozenset())
        self._keep_early(stretch.steps)
        self._trainee.gradient_norm = None

    def _keep_early(self, step: int) -> None:
        """Keep the dense network's weights after `step` steps of its training, where they are needed."""
        if self._place.phase is Phase.TRAIN:
            self._early.keep_at(step, lambda: self._trainee.network().tensors)

    def _stretch(self, phase: Phase) -> Stretch | None:
        return self._stretches.at(phase, self._removal.size().macs)

    def _finish_step(self, totals: Totals, removed: Removed) -> Iterator[Output]:
        place = self._place = replace(
            self._place, step=self._place.step + 1, batch=self._work.trainer.batches.position()
        )
        record = StepRecord(
            step=place.step,
            phase=place.phase,
            progress=self._forecast.progress(self._moment()),
            loss=totals.loss,
            accuracy=totals.accuracy,
            **asdict(self._gates()),
            **asdict(removed),
            **asdict(self._removal.size()),
            **asdict(self._information()),
        )
        yield StepFinished(record)
        yield self._checkpoint()

    def _gates(self) -> GateHistory:
        return gate_history([layer.name for layer in self._removal.layout.layers], self._trainee.regularizer)

    def _information(self) -> Information:
        layers = [layer.name for layer in self._removal.layout.layers]
        return layer_information(layers, self._trainee.groups, self._trainee.gates.signal.last)

    def _moment(self) -> Moment:
        place, stretch = self._place, self._stretch(self._place.phase)
        share = place.trained / stretch.steps if stretch is not None and stretch.steps else 0.0
        return Moment(place.phase, place.level, share, self._removal.density())

    def _measured(self, delivered: Delivered) -> Measured:
        """Measure the network that is handed out, which may have lost what is dead in it."""
        module = self._trainee.module
        if not delivered.is_shared:
            module = on_device(build(delivered.network), self._device)
        return Measured(delivered, self._work.validate(module), self._work.test(module))

    def _point(self, index: int, measured: Measured) -> FinishedPoint:
        delivered, validation, test = measured.delivered, measured.validation, measured.test
        known_bits = self._trainee.thinned_significands(delivered.present)
        point = OperatingPoint(
            index=index,
            step=self._place.step,
            dense_accuracy=self._place.dense_accuracy,
            pruned_accuracy=self._place.pruned_accuracy,
            retrained_accuracy=validation.accuracy,
            retrained_loss=validation.loss,
            test_accuracy=test.accuracy,
            test_loss=test.loss,
            before_accuracy=self._place.before_accuracy if index else None,
            retrained_calibration_error=validation.calibration_error,
            test_calibration_error=test.calibration_error,
            test_class_accuracies=test.class_accuracies,
            is_target=index == self._recipe.prune.points,
            dead_channels=delivered.dead_channels,
            removed_layers=delivered.removed_layers,
            weight_bits=weight_bits(self._network, delivered.network, known_bits),
            **asdict(delivered.size),
        )
        pictures = first_layers(self._network, delivered.network, delivered.present)
        return FinishedPoint(point, delivered.network, self._work.scaling, self._place.scores, pictures)

    def _checkpoint(self) -> Checkpoint:
        tensors = self._trainee.checkpoint_tensors() | self._work.checkpoint_tensors()
        tensors |= self._early.checkpoint_tensors()
        return Checkpoint(self._place.step, tensors, self._place.state())

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._place = Place.of_state(checkpoint.state, self._recipe.fingerprint())
        prepare = self._regularizer if self._place.phase is Phase.SPARSIFY else None
        self._trainee.restore(checkpoint, self._optimizer(self._place.phase), prepare)
        self._removal.restore()
        self._work.restore(checkpoint, self._place.batch)
        self._early.restore(checkpoint)

    def _optimizer(self, phase: Phase) -> MakeOptimizer:
        stretch = self._stretch(phase)
        return OPTIMIZERS.make(self._recipe.prune.optimizer if stretch is None else stretch.training.optimizer)

    def _regularizer(self, trainee: Trainee) -> Regularizer:
        steps = self._stretches.steps(Phase.SPARSIFY, self._model.dense.macs)
        return make_regularizer(trainee, self._recipe, self._work, steps)

    @cached_property
    def _taught_loss(self) -> Loss:
        teacher = replace(self._network, tensors=self._early.get("trained") or self._network.tensors)
        return self._trainee.informed(taught_loss(self._recipe.distill, teacher, self._device))

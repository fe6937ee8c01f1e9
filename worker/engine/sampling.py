"""Training a dense reference network from scratch, so that there is something to prune."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TypeAlias

import torch
from pydantic import TypeAdapter

from backend.domain.events import RunStarted, StepFinished
from backend.domain.reports import OperatingPoint, Phase, StepRecord
from backend.domain.retraining import SgdOptimizer
from backend.domain.sampling import SampleArchitecture, SampleOrder
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import OPTIMIZERS
from worker.engine.checkpoint import Checkpoint
from worker.engine.checks import check_data
from worker.engine.divergence import Whereabouts
from worker.engine.examples import Dataset
from worker.engine.failures import memory_failures
from worker.engine.feeding import Feed
from worker.engine.first_layers import first_layers
from worker.engine.information import Information, layer_information
from worker.engine.layout import layout_of, size_at
from worker.engine.network import Network, summarize
from worker.engine.replay import with_replay
from worker.engine.results import FinishedPoint
from worker.engine.retraining.decay import warm_cosine
from worker.engine.retraining.losses import cross_entropy
from worker.engine.trainee import Trainee
from worker.engine.training import Stopped, Totals
from worker.engine.workplace import DataOrder, set_up

Output: TypeAlias = RunStarted | StepFinished | Checkpoint | FinishedPoint

STEPS_PER_RECORD = 20
"""Optimizer steps that make one step of the history."""
_VALIDATION_SHARE = 0.1
_WEIGHT_DECAY = 5e-4
WARM_UP = 0.1
_FEWEST_STEPS = 1500
"""Small datasets get more epochs than `Habit` says, so that a default training has at least this many steps."""


@dataclass(frozen=True)
class Habit:
    """How a reference network is usually trained."""

    epochs: int
    learning_rate: float


HABITS: dict[SampleArchitecture, Habit] = {
    "lenet300": Habit(15, 0.05),
    "lenet5": Habit(15, 0.05),
    "vgg_small_bn": Habit(6, 0.1),
    "resnet20": Habit(10, 0.1),
}
"""Defaults by architecture: SGD with momentum 0.9, weight decay 5e-4, warm-up, cosine decay."""


def train_sample(
    network: Network,
    dataset: Dataset,
    order: SampleOrder,
    device: torch.device,
    *,
    should_stop: Callable[[], bool],
    resume: Checkpoint | None = None,
) -> Iterator[Output]:
    """Train a freshly initialized `network`: steps and checkpoints, at the end one finished point with index 0.

    Returns silently once `should_stop()` is true; raises JobFailure when the data does not fit or training fails.
    """
    with memory_failures():
        feed = check_data(network, dataset)
        try:
            yield from with_replay(lambda: _SampleTraining(network, feed, order, device, should_stop), resume)
        except Stopped:
            return


@dataclass(frozen=True)
class _Place:
    step: int
    trained: int
    """Optimizer steps done."""
    batch: int


_PLACE = TypeAdapter(_Place)


class _SampleTraining:
    def __init__(
        self,
        network: Network,
        feed: Feed,
        order: SampleOrder,
        device: torch.device,
        should_stop: Callable[[], bool],
    ) -> None:
        summary = summarize(network)
        data = DataOrder("standardize", _VALIDATION_SHARE, order.batch_size, order.seed)
        self._work = set_up(feed, data, device, "float32", should_stop)
        self._model = SizeModel.of(summary)
        self._layout = layout_of(summary, self._model)
        habit = HABITS[order.architecture]
        self._peak = order.learning_rate or habit.learning_rate
        epoch = self._work.trainer.batches.per_epoch
        self._steps = epochs_of(order, epoch) * epoch
        self._trainee = Trainee(network, device)
        self._optimizer = OPTIMIZERS.make(SgdOptimizer(learning_rate=self._peak, weight_decay=_WEIGHT_DECAY))
        self._place = _Place(0, 0, 0)

    def inspect(self) -> None:
        self._work = self._work.inspecting()

    def whereabouts(self) -> Whereabouts:
        advice = f"Lower the learning rate of the training (it is {self._peak:g})"
        return Whereabouts("of the training", self._place.trained, self._steps, advice)

    def outputs(self, resume: Checkpoint | None) -> Iterator[Output]:
        yield RunStarted(self._layout)
        if resume is None:
            self._trainee.start_training(self._optimizer)
        else:
            self._place = _PLACE.validate_python(resume.state)
            self._trainee.restore(resume, self._optimizer)
            self._work.restore(resume, self._place.batch)
        while self._place.trained < self._steps:
            yield from self._train()
        yield self._point()

    def _train(self) -> Iterator[Output]:
        start = self._place.trained
        steps = min(STEPS_PER_RECORD, self._steps - start)
        rate = partial(self._learning_rate, start)
        totals = self._work.trainer.train(self._trainee, cross_entropy, steps, rate)
        batch = self._work.trainer.batches.position()
        self._place = replace(self._place, step=self._place.step + 1, trained=start + steps, batch=batch)
        yield StepFinished(self._record(totals))
        tensors = self._trainee.checkpoint_tensors() | self._work.checkpoint_tensors()
        yield Checkpoint(self._place.step, tensors, _PLACE.dump_python(self._place, mode="json"))

    def _record(self, totals: Totals) -> StepRecord:
        return StepRecord(
            step=self._place.step,
            phase=Phase.TRAIN,
            progress=self._place.trained / self._steps,
            loss=totals.loss,
            accuracy=totals.accuracy,
            **asdict(size_at(self._model, self._trainee.masks.widths)),
            **asdict(self._information()),
        )

    def _information(self) -> Information:
        layers = [layer.name for layer in self._layout.layers]
        return layer_information(layers, self._trainee.groups, self._trainee.gates.signal.last)

    def _point(self) -> FinishedPoint:
        validation = self._work.validate(self._trainee.module)
        test = self._work.test(self._trainee.module)
        point = OperatingPoint(
            index=0,
            step=self._place.step,
            dense_accuracy=validation.accuracy,
            pruned_accuracy=validation.accuracy,
            retrained_accuracy=validation.accuracy,
            retrained_loss=validation.loss,
            test_accuracy=test.accuracy,
            test_loss=test.loss,
            retrained_calibration_error=validation.calibration_error,
            test_calibration_error=test.calibration_error,
            test_class_accuracies=test.class_accuracies,
            is_target=True,
            **asdict(size_at(self._model, self._trainee.masks.widths)),
        )
        network = self._trainee.network()
        pictures = first_layers(network, network, {})
        return FinishedPoint(point, network, self._work.scaling, first_layers=pictures)

    def _learning_rate(self, start: int, step: int) -> float:
        return warm_cosine(self._peak, (start + step + 1) / self._steps, WARM_UP)


def epochs_of(order: SampleOrder, per_epoch: int) -> int:
    """Passes over the training data of an order, given the number of mini-batches in one."""
    return order.epochs or max(HABITS[order.architecture].epochs, math.ceil(_FEWEST_STEPS / per_epoch))

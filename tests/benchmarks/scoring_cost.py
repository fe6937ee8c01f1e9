"""What scoring costs beside plain forward-backward passes: a part of `python -m tests.benchmarks.speed`.

Every criterion reads the same mini-batches once and scores; plain is a forward-backward pass over each of them, without
reading. Most criteria read in the backward pass that trains anyway. Those that need passes of their own stand twice:
with the forward pass of the training alone, and together with the backward pass that trains, as in a run. A criterion
that looks at weights alone needs no pass. Steps of the optimizer are in neither.
"""

from functools import partial
from typing import Protocol

import torch

from backend.domain.criteria import (
    BatchNormScaleCriterion,
    Criterion,
    FisherCriterion,
    GeometricMedianCriterion,
    MagnitudeCriterion,
    ObdCriterion,
    RandomCriterion,
    TaylorCriterion,
    TaylorSquaredCriterion,
)
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.pruning import Prune
from backend.domain.schedules import OneShotSchedule
from backend.domain.weights import WeightModel
from tests.benchmarks.turns import PLAIN, Options, Work
from worker.engine.catalogue import CRITERIA, WEIGHT_CRITERIA
from worker.engine.criteria.criterion import Evidence
from worker.engine.network import Network, summarize
from worker.engine.retraining.losses import Loss, cross_entropy
from worker.engine.signal import INFORMATION
from worker.engine.trainee import Trainee
from worker.engine.weight_criteria.criterion import WeightEvidence
from worker.engine.weights.layers import find_weight_layers
from worker.engine.weights.signal import WeightReading, WeightSignal

GOAL = 1.30
CHANNEL_CRITERIA: dict[str, Criterion] = {
    "fisher": FisherCriterion(),
    "fisher, labels of the model": FisherCriterion(labels="model"),
    "obd (Gauss-Newton)": ObdCriterion(),
    "obd (Hutchinson)": ObdCriterion(curvature="hutchinson"),
    "taylor": TaylorCriterion(),
    "taylor_squared": TaylorSquaredCriterion(),
    "magnitude": MagnitudeCriterion(),
    "batch_norm_scale": BatchNormScaleCriterion(),
    "geometric_median": GeometricMedianCriterion(),
    "random": RandomCriterion(),
}
"""`learned` hands on what a regularizer left: there is nothing to measure."""
SINGLE_WEIGHT_CRITERIA: dict[str, Criterion] = {
    "fisher, single weights": FisherCriterion(),
    "fisher, labels of the model, single weights": FisherCriterion(labels="model"),
    "obd (Gauss-Newton), single weights": ObdCriterion(),
    "obd (Hutchinson), single weights": ObdCriterion(curvature="hutchinson"),
    "magnitude, single weights": MagnitudeCriterion(norm=1),
    "random, single weights": RandomCriterion(),
}


class Scoring(Protocol):
    """One criterion over one network."""

    needs_data: bool
    reads_by_itself: bool
    """In a backward pass of its own, which belongs to the watched loss."""

    def start(self) -> None:
        """Read from the next pass on."""
        ...

    def watched(self, loss: Loss) -> Loss:
        """The loss, with what is read on the way."""
        ...

    def score(self) -> None:
        """Stop reading, and score."""
        ...


class ChannelScoring:
    """A criterion for channels."""

    def __init__(self, trainee: Trainee, spec: Criterion) -> None:
        self._trainee, self._criterion = trainee, CRITERIA.make(spec)
        self._generator = torch.Generator().manual_seed(0)
        self._curvature = WeightSignal(self._generator)
        needs = self._needs = self._criterion.needs
        self.needs_data = bool(needs.readings) or needs.curvature is not None
        self.reads_by_itself = needs.draws_labels or needs.curvature is not None

    def start(self) -> None:
        trainee, needs = self._trainee, self._needs
        trainee.gates.signal.start(needs | INFORMATION if needs.readings else needs)
        made = {member.tensor for group in trainee.groups for member in group.members if member.makes}
        makers = {name: weight for name, weight in trainee.parameters.items() if name in made}
        self._curvature.start(needs.curvature, makers, trainee.module)

    def watched(self, loss: Loss) -> Loss:
        signal = self._trainee.gates.signal
        if self._needs.curvature is not None:
            return signal.unread(self._curvature.watched(loss))
        return signal.watched(loss, self._generator, self._trainee.module)

    def score(self) -> None:
        trainee = self._trainee
        evidence = Evidence(
            groups=trainee.groups,
            tensors=trainee.tensors,
            signal=trainee.gates.signal.stop(),
            generator=self._generator,
            on=trainee.masks.on,
            curvature=self._curvature.stop(),
            batch_norm_scales=trainee.batch_norm_scales,
        )
        for score in self._criterion.score(evidence).values():
            score.cpu()


class WeightScoring:
    """A criterion for single weights."""

    def __init__(self, network: Network, trainee: Trainee, spec: Criterion) -> None:
        prune = Prune(criterion=spec, granularity=UnstructuredGranularity(), schedule=OneShotSchedule())
        self._trainee, self._criterion = trainee, WEIGHT_CRITERIA.make(spec)
        self._layers = find_weight_layers(network, WeightModel.of(summarize(network), prune))
        self._generator = torch.Generator().manual_seed(0)
        self._signal = WeightSignal(self._generator)
        self.needs_data = self._criterion.reading is not None
        self.reads_by_itself = self._criterion.reading in (WeightReading.GAUSS_NEWTON, WeightReading.HUTCHINSON)

    def start(self) -> None:
        parameters = self._trainee.parameters
        names = [name for layer in self._layers for name in layer.shapes]
        self._signal.start(self._criterion.reading, {name: parameters[name] for name in names}, self._trainee.module)

    def watched(self, loss: Loss) -> Loss:
        return self._signal.watched(loss)

    def score(self) -> None:
        evidence = WeightEvidence(self._layers, self._trainee.tensors, self._signal.stop(), self._generator)
        for score in self._criterion.score(evidence).values():
            score.cpu()


class Passes:
    """Passes over the same mini-batches, plain or read."""

    def __init__(self, name: str, options: Options) -> None:
        self._trainee = options.trainee(name)
        network = self._trainee.network()
        self._batches = [options.batch(name, seed) for seed in range(options.mini_batches)]
        self.scorings: dict[str, Scoring] = {
            **{label: ChannelScoring(self._trainee, spec) for label, spec in CHANNEL_CRITERIA.items()},
            **{label: WeightScoring(network, self._trainee, spec) for label, spec in SINGLE_WEIGHT_CRITERIA.items()},
        }

    def plain(self) -> None:
        """Forward and backward, nothing read."""
        self._go(cross_entropy, trains=True)

    def scored(self, scoring: Scoring, *, trains: bool) -> None:
        """Everything that leads to the scores, with or without the backward pass that trains."""
        scoring.start()
        if scoring.needs_data:
            self._go(scoring.watched(cross_entropy), trains=trains)
        scoring.score()

    def _go(self, loss: Loss, *, trains: bool) -> None:
        for inputs, labels in self._batches:
            for parameter in self._trainee.module.parameters():
                parameter.grad = None
            value = loss(self._trainee.scores(inputs), labels, inputs)
            if trains:
                value.backward()
            self._trainee.gates.signal.finish_batch(len(labels))


def works(name: str, options: Options) -> dict[str, Work]:
    """Plain passes, and all criteria over the same."""
    passes = Passes(name, options)
    found: dict[str, Work] = {PLAIN: passes.plain}
    for label, scoring in passes.scorings.items():
        if scoring.reads_by_itself:
            found[label] = partial(passes.scored, scoring, trains=False)
            label = f"{label}, and training"
        found[label] = partial(passes.scored, scoring, trains=True)
    return found

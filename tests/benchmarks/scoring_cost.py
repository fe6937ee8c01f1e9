"""What scoring costs beside plain forward-backward passes: `python -m tests.benchmarks.scoring_cost`.

In each round every criterion reads the same mini-batches once and scores; plain passes over them, without reading,
stand in the same round, so that other load on the machine hits all alike, and each round begins with another one. Each
round gives one ratio for each criterion; the table shows their median and quartiles. The goal is at most 1.30.

Most criteria read in the backward pass that trains anyway. Those that need a backward pass of their own stand twice:
that pass alone with the forward pass before it, and together with the pass that trains, which shares the forward pass
in a run. A criterion that looks at weights alone needs no pass. Steps of the optimizer are in neither.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
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
from worker.engine.catalogue import CRITERIA, WEIGHT_CRITERIA
from worker.engine.criteria.criterion import Evidence
from worker.engine.device import resolve_device
from worker.engine.network import Network, summarize
from worker.engine.retraining.losses import Loss, cross_entropy
from worker.engine.trainee import Trainee
from worker.engine.weight_criteria.criterion import WeightEvidence
from worker.engine.weights.layers import find_weight_layers
from worker.engine.weights.signal import WeightReading, WeightSignal
from worker.zoo.fresh import initialize

GOAL = 1.30
NETWORKS = {"lenet5": (1, 28, 28), "resnet20": (3, 32, 32), "vgg16_bn": (3, 32, 32)}
CLASS_COUNT = 10
WARM_UP = 1
CHANNEL_CRITERIA: dict[str, Criterion] = {
    "fisher": FisherCriterion(),
    "fisher, labels of the model": FisherCriterion(labels="model"),
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
        self.needs_data = bool(self._criterion.needs.readings)
        self.reads_by_itself = self._criterion.needs.draws_labels

    def start(self) -> None:
        self._trainee.gates.signal.start(self._criterion.needs)

    def watched(self, loss: Loss) -> Loss:
        return self._trainee.gates.signal.watched(loss, self._generator)

    def score(self) -> None:
        trainee = self._trainee
        evidence = Evidence(
            groups=trainee.groups,
            tensors=trainee.tensors,
            signal=trainee.gates.signal.stop(),
            generator=self._generator,
            on=trainee.masks.on,
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


@dataclass(frozen=True)
class Cost:
    """One criterion on one network."""

    network: str
    criterion: str
    plain_ms: float
    """Plain passes over the mini-batches, median over the rounds."""
    scoring_ms: float
    """What `ratio` sets beside them: passes with reading and the scores, or the scores alone."""
    ratio: float
    """Median over the rounds."""
    lower_quartile: float
    upper_quartile: float


class Bench:
    """Passes over the same mini-batches, plain or read."""

    def __init__(self, name: str, device: torch.device, batch_size: int, mini_batches: int) -> None:
        network = initialize(name, NETWORKS[name], CLASS_COUNT, seed=0)
        self._trainee, self._device = Trainee(network, device), device
        self._trainee.module.train()
        generator = torch.Generator().manual_seed(0)
        self._batches = [
            (
                torch.randn(batch_size, *NETWORKS[name], generator=generator).to(
                    device, memory_format=torch.channels_last
                ),
                torch.randint(0, CLASS_COUNT, (batch_size,), generator=generator).to(device),
            )
            for _ in range(mini_batches)
        ]
        self._scorings: dict[str, Scoring] = {
            **{label: ChannelScoring(self._trainee, spec) for label, spec in CHANNEL_CRITERIA.items()},
            **{label: WeightScoring(network, self._trainee, spec) for label, spec in SINGLE_WEIGHT_CRITERIA.items()},
        }

    def plain(self) -> None:
        """Forward and backward, nothing read."""
        self._passes(cross_entropy, trains=True)

    def scored(self, scoring: Scoring, *, trains: bool) -> None:
        """Everything that leads to the scores, with or without the backward pass that trains."""
        scoring.start()
        if scoring.needs_data:
            self._passes(scoring.watched(cross_entropy), trains=trains)
        scoring.score()

    def works(self) -> dict[str, Callable[[], None]]:
        """What is timed, by label; the plain passes have none."""
        works: dict[str, Callable[[], None]] = {"": self.plain}
        for label, scoring in self._scorings.items():
            if scoring.reads_by_itself:
                works[label] = partial(self.scored, scoring, trains=False)
                works[f"{label}, and training"] = partial(self.scored, scoring, trains=True)
            else:
                works[label] = partial(self.scored, scoring, trains=True)
        return works

    def time(self, work: Callable[[], None]) -> float:
        """CPU seconds, which other programs change less than those of the clock; on a GPU those of the clock."""
        if self._device.type == "cpu":
            start = time.process_time()
            work()
            return time.process_time() - start
        torch.cuda.synchronize(self._device)
        start = time.perf_counter()
        work()
        torch.cuda.synchronize(self._device)
        return time.perf_counter() - start

    def _passes(self, loss: Loss, *, trains: bool) -> None:
        for inputs, labels in self._batches:
            for parameter in self._trainee.module.parameters():
                parameter.grad = None
            value = loss(self._trainee.scores(inputs), labels, inputs)
            if trains:
                value.backward()
            self._trainee.gates.signal.finish_batch(len(labels))


def measure(name: str, bench: Bench, rounds: int) -> list[Cost]:
    """Rounds of plain passes and all criteria, each round beginning with another one."""
    works = bench.works()
    labels = list(works)
    times: dict[str, list[float]] = {label: [] for label in labels}
    for index in range(rounds + WARM_UP):
        first = index % len(labels)
        for label in labels[first:] + labels[:first]:
            times[label].append(bench.time(works[label]))
    plain = times.pop("")[WARM_UP:]
    return [_cost(name, label, plain, scored[WARM_UP:]) for label, scored in times.items()]


def _cost(name: str, label: str, plain: Sequence[float], scored: Sequence[float]) -> Cost:
    ratios = [one / other for one, other in zip(scored, plain, strict=True)]
    lower, median, upper = statistics.quantiles(ratios, n=4)
    plain_ms, scored_ms = (1e3 * statistics.median(values) for values in (plain, scored))
    return Cost(name, label, plain_ms, scored_ms, median, lower, upper)


def table(costs: Sequence[Cost]) -> str:
    """Format as markdown."""
    head = "| network | criterion | plain passes, ms | scoring, ms | ratio (median) | quartiles |"
    rows = [
        f"| {cost.network} | {cost.criterion} | {cost.plain_ms:.0f} | {cost.scoring_ms:.1f} | {cost.ratio:.3f} "
        f"| {cost.lower_quartile:.3f} to {cost.upper_quartile:.3f} |"
        for cost in costs
    ]
    return "\n".join([head, "|---|---|---:|---:|---:|---:|", *rows])


def main() -> None:
    """Measure and print; `--output` keeps the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--mini-batches", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = resolve_device(options.device)
    costs: list[Cost] = []
    for name in options.networks:
        costs += measure(name, Bench(name, device, options.batch_size, options.mini_batches), options.rounds)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {options.threads} threads, {device}, load {load}, goal <= {GOAL:.2f}\n")
    print(table(costs))
    if options.output:
        options.output.write_text(json.dumps([asdict(cost) for cost in costs], indent=2))


if __name__ == "__main__":
    main()

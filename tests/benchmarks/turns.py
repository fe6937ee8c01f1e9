"""The loop of all benchmarks of speed: plain work and another kind take turns in one process, and give ratios.

Other load on the machine hits both alike. On the processor with one thread it is processor time that is measured, which
other programs disturb less than the clock.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from backend.domain.retraining import SgdOptimizer
from worker.engine.catalogue import OPTIMIZERS
from worker.engine.inputs import Inputs
from worker.engine.trainee import Trainee
from worker.zoo.fresh import initialize

Work: TypeAlias = Callable[[], None]
PLAIN = "plain"
"""Label of the work that all others are compared with."""
CLASS_COUNT = 10
SHAPES = {
    "lenet300": (1, 28, 28),
    "lenet5": (1, 28, 28),
    "resnet20": (3, 32, 32),
    "vgg16_bn": (3, 32, 32),
    "lstm": (1, 28, 28),
    "gru": (1, 28, 28),
}
"""Networks that can be measured, with their inputs."""
WARM_UP = 1
_TURN_SECONDS = 0.04
"""A turn repeats its work until the plain one takes about this long: single short steps tell of caches."""


@dataclass(frozen=True)
class Cost:
    """What one kind of work costs beside the plain one."""

    part: str
    network: str
    label: str
    plain_ms: float
    """Medians over the rounds."""
    own_ms: float
    ratio: float
    lower_quartile: float
    upper_quartile: float
    goal: float


@dataclass(frozen=True)
class Options:
    """What all benchmarks are told."""

    device: torch.device
    batch_size: int
    mini_batches: int
    """Of one scoring pass."""

    def batch(self, name: str, seed: int = 0) -> tuple[Inputs, Tensor]:
        """Random inputs and labels."""
        generator = torch.Generator().manual_seed(seed)
        inputs = torch.randn(self.batch_size, *SHAPES[name], generator=generator)
        labels = torch.randint(0, CLASS_COUNT, (self.batch_size,), generator=generator)
        return Inputs.of(inputs.to(self.device, memory_format=torch.channels_last)), labels.to(self.device)

    def trainee(self, name: str) -> Trainee:
        """A fresh network in training."""
        trainee = Trainee(initialize(name, SHAPES[name], CLASS_COUNT, seed=0), self.device)
        trainee.module.train()
        return trainee


def start_training(trainee: Trainee) -> None:
    """With an optimizer that hardly moves the weights."""
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer(learning_rate=1e-4)))


def pairs_of(works: Mapping[str, Work], rounds: int, device: torch.device) -> dict[str, list[tuple[float, float]]]:
    """Seconds of the plain work and of each other kind right beside it, in every round; the order changes."""
    plain = works[PLAIN]
    repeats = max(1, math.ceil(_TURN_SECONDS / max(1e-6, min(_timed(plain, device) for _ in range(3)))))
    others = [label for label in works if label != PLAIN]
    pairs: dict[str, list[tuple[float, float]]] = {label: [] for label in others}
    for index in range(rounds + WARM_UP):
        for label in others:
            order = (plain, works[label]) if index % 2 else (works[label], plain)
            seconds = [_timed(work, device, repeats) for work in order]
            if index >= WARM_UP:
                pairs[label].append((seconds[0], seconds[1]) if index % 2 else (seconds[1], seconds[0]))
    return pairs


def costs_of(part: str, network: str, goal: float, pairs: Mapping[str, Sequence[tuple[float, float]]]) -> list[Cost]:
    """Each kind of work beside the plain one: medians and quartiles of the rounds' ratios."""
    costs = []
    for label, rounds in pairs.items():
        lower, median, upper = statistics.quantiles([own / plain for plain, own in rounds], n=4)
        plain_ms, own_ms = (1e3 * statistics.median(values) for values in zip(*rounds, strict=True))
        costs.append(Cost(part, network, label, plain_ms, own_ms, median, lower, upper, goal))
    return costs


def table(costs: Sequence[Cost]) -> str:
    """Format as markdown."""
    head = "| part | network | | plain, ms | with it, ms | ratio (median) | quartiles | goal |"
    rows = [
        f"| {cost.part} | {cost.network} | {cost.label} | {cost.plain_ms:.2f} | {cost.own_ms:.2f} | {cost.ratio:.2f} "
        f"| {cost.lower_quartile:.2f} to {cost.upper_quartile:.2f} | {_verdict(cost)} |"
        for cost in costs
    ]
    return "\n".join([head, "|---|---|---|---:|---:|---:|---:|---|", *rows])


def _verdict(cost: Cost) -> str:
    return f"{cost.goal:.2f}" if cost.ratio <= cost.goal else f"**missed: {cost.goal:.2f}**"


def _timed(work: Work, device: torch.device, repeats: int = 1) -> float:
    """Seconds of one repetition."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    clock = time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    for _ in range(repeats):
        work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (clock() - start) / repeats

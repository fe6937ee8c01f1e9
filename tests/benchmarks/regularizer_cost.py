"""What a regularizer costs on top of a plain training step: `python -m tests.benchmarks.regularizer_cost`.

All kinds of step take turns in one process, so that other load on the machine hits all alike. Each round gives one
ratio to that round's plain step; the table shows their median and quartiles. The goal is at most 1.25. On the processor
with one thread it is processor time that is measured, which other programs disturb less than the clock.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.regularizers import (
    BatchNormL1Regularizer,
    GroupLassoRegularizer,
    L0HardConcreteRegularizer,
    L1MasksRegularizer,
    Regularizer,
    SparseGroupLassoRegularizer,
)
from backend.domain.retraining import SgdOptimizer
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import OPTIMIZERS, REGULARIZERS
from worker.engine.device import resolve_device
from worker.engine.network import summarize
from worker.engine.regularizers.regularizer import Ground
from worker.engine.retraining.losses import cross_entropy
from worker.engine.trainee import Trainee
from worker.zoo.fresh import initialize

GOAL = 1.25
NETWORKS = {"lenet300": (1, 28, 28), "lenet5": (1, 28, 28), "resnet20": (3, 32, 32)}
CLASS_COUNT = 10
EXAMPLES = 50_000
WARM_UP = 2
SPECS: dict[str, Regularizer] = {
    "L0, hard concrete": L0HardConcreteRegularizer(),
    "L0, ARM": L0HardConcreteRegularizer(estimator="arm"),
    "L0, REINFORCE": L0HardConcreteRegularizer(estimator="reinforce"),
    "L1 masks": L1MasksRegularizer(),
    "group lasso, filters": GroupLassoRegularizer(),
    "group lasso, filters and channels": GroupLassoRegularizer(channel_strength=1e-4),
    "group lasso, all four": GroupLassoRegularizer(channel_strength=1e-4, shape_strength=1e-4, layer_strength=1e-4),
    "DropNeuron": SparseGroupLassoRegularizer(lines="both", scaling="none"),
    "slimming": BatchNormL1Regularizer(),
    "slimming, proximal": BatchNormL1Regularizer(step="proximal"),
}


@dataclass(frozen=True)
class Cost:
    """Times of one network's training steps with one regularizer."""

    network: str
    regularizer: str
    step_ms: float
    ratio: float
    """Median over the rounds."""
    lower_quartile: float
    upper_quartile: float


def measure(name: str, rounds: int, batch_size: int, device: torch.device) -> list[Cost]:
    """Let all kinds of step take turns; the first cost is that of the plain step."""
    steps = {"none": _step(name, None, batch_size, device)}
    has_norms = "resnet" in name
    for title, spec in SPECS.items():
        if has_norms or not isinstance(spec, BatchNormL1Regularizer):
            steps[title] = _step(name, spec, batch_size, device)
    times: dict[str, list[float]] = {title: [] for title in steps}
    for number in range(rounds + WARM_UP):
        order = list(steps) if number % 2 else list(reversed(steps))
        for title in order:
            times[title].append(_timed(steps[title], device))
    return [_cost(name, title, times) for title in steps]


def _cost(name: str, title: str, times: dict[str, list[float]]) -> Cost:
    own, plain = times[title][WARM_UP:], times["none"][WARM_UP:]
    lower, median, upper = statistics.quantiles(
        [with_it / without for with_it, without in zip(own, plain, strict=True)]
    )
    return Cost(name, title, 1e3 * statistics.median(own), median, lower, upper)


def _step(name: str, spec: Regularizer | None, batch_size: int, device: torch.device) -> Callable[[], None]:
    """A training step of a fresh network."""
    network = initialize(name, NETWORKS[name], CLASS_COUNT, seed=0)
    trainee = Trainee(network, device)
    if spec is not None:
        ground = Ground(
            module=trainee.module,
            groups=trainee.groups,
            gates=trainee.gates,
            example_count=EXAMPLES,
            steps=1000,
            generator=torch.Generator().manual_seed(0),
            network=network,
            model=SizeModel.of(summarize(network)),
        )
        trainee.regularizer = REGULARIZERS.make(spec)(ground)
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer(learning_rate=1e-4)))
    trainee.module.train()
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(batch_size, *NETWORKS[name], generator=generator).to(device, memory_format=torch.channels_last)
    labels = torch.randint(0, CLASS_COUNT, (batch_size,), generator=generator).to(device)

    def loss(scores: Tensor) -> Tensor:
        return cross_entropy(scores, labels, inputs)

    def step() -> None:
        first = loss(trainee.scores(inputs))
        with torch.no_grad():
            others = trainee.second_scores(inputs)
            second = None if others is None else loss(others)
        trainee.learn(first, batch_size, second)

    return step


def _timed(work: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    clock = time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - start


def table(results: list[Cost]) -> str:
    """Format as markdown."""
    head = "| network | regularizer | step, ms | ratio (median) | quartiles |"
    rows = [
        f"| {item.network} | {item.regularizer} | {item.step_ms:.1f} | {item.ratio:.2f} "
        f"| {item.lower_quartile:.2f} to {item.upper_quartile:.2f} |"
        for item in results
    ]
    return "\n".join([head, "|---|---|---:|---:|---:|", *rows])


def main() -> None:
    """Measure and print, with the load of the machine before and after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = resolve_device(options.device)
    before = os.getloadavg()[0]
    results = [cost for name in options.networks for cost in measure(name, options.rounds, options.batch_size, device)]
    load = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    print(
        f"{platform.processor() or platform.machine()}, {options.threads} threads, {device}, {load}; goal <= {GOAL}\n"
    )
    print(table(results))


if __name__ == "__main__":
    main()

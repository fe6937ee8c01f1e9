"""What the Fisher signal costs on top of a plain training step: `python -m tests.benchmarks.fisher_overhead`.

Both kinds of step alternate in one process, so that other load on the machine hits both alike. Each round gives one
ratio; the table shows their median and quartiles. The goal is at most 1.10.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from backend.domain.criteria import FisherCriterion
from backend.domain.retraining import SgdOptimizer
from worker.engine.catalogue import CRITERIA, OPTIMIZERS
from worker.engine.device import resolve_device
from worker.engine.retraining.losses import cross_entropy
from worker.engine.signal import INFORMATION, NO_SIGNAL
from worker.engine.trainee import Trainee
from worker.zoo.fresh import initialize

GOAL = 1.10
NETWORKS = {"lenet5": (1, 28, 28), "resnet20": (3, 32, 32), "vgg16_bn": (3, 32, 32)}
CLASS_COUNT = 10
WARM_UP = 2
NEEDS = CRITERIA.make(FisherCriterion()).needs | INFORMATION
"""As in a run."""


@dataclass(frozen=True)
class Overhead:
    """Times of one network's training steps."""

    network: str
    plain_ms: float
    signal_ms: float
    ratio: float
    """Median over the rounds."""
    lower_quartile: float
    upper_quartile: float


def measure(name: str, rounds: int, batch_size: int, device: torch.device) -> Overhead:
    """Alternate plain steps and steps that read the signal."""
    trainee = Trainee(initialize(name, NETWORKS[name], CLASS_COUNT, seed=0), device)
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer(learning_rate=1e-4)))
    trainee.module.train()
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(batch_size, *NETWORKS[name], generator=generator).to(device, memory_format=torch.channels_last)
    labels = torch.randint(0, CLASS_COUNT, (batch_size,), generator=generator).to(device)

    def step(*, is_reading: bool) -> float:
        trainee.gates.signal.start(NEEDS if is_reading else NO_SIGNAL)
        return _timed(lambda: trainee.learn(cross_entropy(trainee.module(inputs), labels, inputs), batch_size), device)

    pairs = []
    for index in range(rounds + WARM_UP):
        order = (False, True) if index % 2 else (True, False)
        times = {is_reading: step(is_reading=is_reading) for is_reading in order}
        pairs.append((times[False], times[True]))
    plain, signal = (list(column) for column in zip(*pairs[WARM_UP:], strict=True))
    ratios = [with_signal / without for without, with_signal in zip(plain, signal, strict=True)]
    lower, median, upper = statistics.quantiles(ratios, n=4)
    return Overhead(name, 1e3 * statistics.median(plain), 1e3 * statistics.median(signal), median, lower, upper)


def _timed(work: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def table(results: list[Overhead]) -> str:
    """Format as markdown."""
    head = "| network | plain step, ms | with the Fisher signal, ms | ratio (median) | quartiles |"
    rows = [
        f"| {item.network} | {item.plain_ms:.1f} | {item.signal_ms:.1f} | {item.ratio:.3f} "
        f"| {item.lower_quartile:.3f} to {item.upper_quartile:.3f} |"
        for item in results
    ]
    return "\n".join([head, "|---|---:|---:|---:|---:|", *rows])


def main() -> None:
    """Measure and print; `--output` keeps the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = resolve_device(options.device)
    results = [measure(name, options.rounds, options.batch_size, device) for name in options.networks]
    print(f"{platform.processor() or platform.machine()}, {options.threads} threads, {device}, goal <= {GOAL:.2f}\n")
    print(table(results))
    if options.output:
        options.output.write_text(json.dumps([asdict(result) for result in results], indent=2))


if __name__ == "__main__":
    main()

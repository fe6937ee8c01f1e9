"""How much of the promised speed a thinned network realizes: `python -m tests.benchmarks.realized_speedup`.

ResNet-50 and VGG-16 for 224x224 with random weights, every channel group thinned alike until half the MACs are left,
with widths rounded to multiples of 1, 8 and 16. Dense and thin networks run in ONNX Runtime in the same rounds, in
turn, batch 8, two threads. Realized = latency_speedup / theoretical_speedup: median and quartiles over the rounds.
Goal: at least 0.7. The same quotient of processor time (both threads together) stands beside it: other work on the
machine stretches the clock's time, but hardly that. A profile by kind of operation says where the time goes.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from backend.domain.thinning import SizeModel
from worker.delivery.host import load_average, processor_name
from worker.delivery.onnx_model import write_onnx
from worker.delivery.runtime import OnnxSession
from worker.delivery.tracing import trace_program
from worker.engine.counting import count_macs
from worker.engine.network import Network, summarize
from worker.engine.network.inputs import random_inputs
from worker.engine.surgery import remove
from worker.zoo.fresh import initialize

GOAL = 0.7
NETWORKS = ("resnet50", "vgg16_imagenet")
SHAPE, CLASSES = (3, 224, 224), 1000
KEPT_MACS = 0.5
MULTIPLES = (1, 8, 16)
WARM_UP = 1
BISECTIONS = 30


@dataclass(frozen=True)
class Realized:
    """One thinned network beside its dense one."""

    network: str
    multiple: int
    kept_macs: float
    dense_ms: float
    thin_ms: float
    theoretical_speedup: float
    latency_speedup: float
    realized: float
    lower_quartile: float
    upper_quartile: float
    realized_cpu: float
    """The same, of processor time."""


@dataclass(frozen=True)
class Turns:
    """Milliseconds of every round by key, by the clock and of the processor."""

    clock: dict[int, list[float]]
    processor: dict[int, list[float]]


@dataclass(frozen=True)
class Setup:
    """How everything is run."""

    batch: int
    threads: int
    rounds: int


def thin(network: Network, multiple: int) -> Network:
    """The widest network with at most half the MACs whose groups all keep the same share, rounded to `multiple`."""
    model = SizeModel.of(summarize(network))
    dense = model.counts(model.dense_widths).macs

    def widths(share: float) -> dict[str, int]:
        rounded = {name: round(width * share / multiple) * multiple for name, width in model.dense_widths.items()}
        return {name: min(max(width, multiple), model.dense_widths[name]) for name, width in rounded.items()}

    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if model.counts(widths(middle)).macs <= KEPT_MACS * dense else (low, middle)
    kept = widths(low)
    return remove(network, {name: torch.arange(width) < kept[name] for name, width in model.dense_widths.items()})


def time_in_turn(sessions: Mapping[int, OnnxSession], inputs: tuple[Tensor, ...], rounds: int) -> Turns:
    """Time every session once a round; each round begins with another one."""
    keys = list(sessions)
    turns = Turns({key: [] for key in keys}, {key: [] for key in keys})
    for number in range(rounds + WARM_UP):
        for position in range(len(keys)):
            key = keys[(number + position) % len(keys)]
            began, began_cpu = time.perf_counter(), time.process_time()
            sessions[key].scores(inputs)
            if number >= WARM_UP:
                turns.clock[key].append((time.perf_counter() - began) * 1000)
                turns.processor[key].append((time.process_time() - began_cpu) * 1000)
    return turns


def profile(model: bytes, inputs: tuple[Tensor, ...], setup: Setup) -> Counter[str]:
    """Milliseconds of one call by kind of operation, after a call that warms up."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.enable_profiling = setup.threads, True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feed = {item.name: value.numpy() for item, value in zip(session.get_inputs(), inputs, strict=True)}
        for _ in range(WARM_UP):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_text())
    spent: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"] / 1000 / WARM_UP
    return spent


def measure(name: str, setup: Setup) -> list[Realized]:
    """All multiples of one network, and on the way a table of where their time goes."""
    dense = initialize(name, SHAPE, CLASSES, 0)
    networks = {0: dense} | {multiple: thin(dense, multiple) for multiple in MULTIPLES}
    models = {key: write_onnx(network, trace_program(network), {}) for key, network in networks.items()}
    inputs = random_inputs(dense, setup.batch)
    sessions = {key: OnnxSession(model, setup.threads) for key, model in models.items()}
    turns = time_in_turn(sessions, inputs, setup.rounds)
    del sessions
    print_profiles(name, {key: profile(model, inputs, setup) for key, model in models.items()})
    macs = {key: count_macs(network) for key, network in networks.items()}
    return [_realized(name, multiple, turns, macs) for multiple in MULTIPLES]


def _realized(name: str, multiple: int, turns: Turns, macs: dict[int, int]) -> Realized:
    theory, times = macs[0] / macs[multiple], turns.clock
    speedups = np.asarray(times[0]) / np.asarray(times[multiple])
    lower, median, upper = np.percentile(speedups / theory, (25, 50, 75))
    return Realized(
        network=name,
        multiple=multiple,
        kept_macs=1 / theory,
        dense_ms=statistics.median(times[0]),
        thin_ms=statistics.median(times[multiple]),
        theoretical_speedup=theory,
        latency_speedup=float(np.median(speedups)),
        realized=float(median),
        lower_quartile=float(lower),
        upper_quartile=float(upper),
        realized_cpu=float(np.median(np.asarray(turns.processor[0]) / np.asarray(turns.processor[multiple]))) / theory,
    )


def print_profiles(name: str, spent: Mapping[int, Counter[str]]) -> None:
    """Milliseconds by kind of operation: dense, then each multiple."""
    print(f"\n{name}: milliseconds of one call by operation")
    print("| operation | dense | " + " | ".join(f"multiple of {multiple}" for multiple in MULTIPLES) + " |")
    print("|---|" + "---|" * (1 + len(MULTIPLES)))
    for operation, _ in sum(spent.values(), Counter[str]()).most_common(8):
        print(f"| {operation} | " + " | ".join(f"{spent[key][operation]:.1f}" for key in (0, *MULTIPLES)) + " |")


def main() -> int:
    """Print the tables; the exit status says whether every network reaches the goal at some multiple."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="A JSON file for the figures.")
    arguments = parser.parse_args()
    setup = Setup(arguments.batch, arguments.threads, arguments.rounds)
    print(f"{processor_name()}, {os.cpu_count()} processors, {platform.system()}, load {load_average()};")
    print(f"ONNX Runtime {onnxruntime.__version__}, torch {torch.__version__}; {setup}")
    found = [result for name in arguments.networks for result in measure(name, setup)]
    print(
        "\n| network | multiple | MACs kept | dense ms | thin ms | theory | measured | realized (quartiles) | of CPU |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for item in found:
        print(
            f"| {item.network} | {item.multiple} | {item.kept_macs:.3f} | {item.dense_ms:.0f} | {item.thin_ms:.0f} | "
            f"{item.theoretical_speedup:.2f} | {item.latency_speedup:.2f} | "
            f"{item.realized:.2f} ({item.lower_quartile:.2f} to {item.upper_quartile:.2f}) | {item.realized_cpu:.2f} |"
        )
    print(f"load at the end: {load_average()}")
    if arguments.output:
        arguments.output.write_text(json.dumps([asdict(item) for item in found], indent=1))
    best = {item.network: max(other.realized for other in found if other.network == item.network) for item in found}
    return 0 if min(best.values()) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())

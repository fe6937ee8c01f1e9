"""Times and tables of `python -m tests.benchmarks.latency_cost`: networks called in turn, and accuracy beside speed."""

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from backend.domain.reports import OperatingPoint
from worker.engine.layer_times import time_layers
from worker.engine.network import Network, build, summarize
from worker.engine.network.inputs import random_inputs

_TURN_SECONDS = 0.004
"""A turn repeats its call until it takes about so long."""
_WARM_CALLS = 3


@dataclass(frozen=True)
class Thin:
    """A network of one method and seed at one operating point; the dense one has the method of the whole run."""

    method: str
    seed: int
    network: Network
    point: OperatingPoint


@dataclass(frozen=True)
class Timed:
    """One thin network, with how much faster than its dense network it is at each batch size."""

    thin: Thin
    milliseconds: Mapping[int, float]
    speedups: Mapping[int, tuple[float, float, float]]
    """First quartile, median and third quartile over the rounds."""


def time_in_turn(networks: Sequence[Network], batch: int, rounds: int) -> np.ndarray:
    """Milliseconds of one call, (rounds, networks); every round meets each network once and begins with another."""
    calls = []
    for network in networks:
        call = partial(build(network).eval(), *random_inputs(network, batch))
        seconds = min(_seconds(call, 1) for _ in range(_WARM_CALLS))
        calls.append((call, math.ceil(_TURN_SECONDS / max(seconds, 1e-6))))
    times = np.zeros((rounds, len(calls)))
    for number in range(rounds):
        for position in range(len(calls)):
            place = (number + position) % len(calls)
            times[number, place] = _seconds(*calls[place]) * 1000
    return times


def _seconds(call: Callable[[], object], count: int) -> float:
    """Processor time of one call, averaged over `count` of them: other programs disturb it less than the clock."""
    began = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - began) / count


def time_all(thins: Sequence[Thin], batches: Sequence[int], rounds: int) -> list[Timed]:
    """Time all networks of one seed beside their dense network, which is the first of them."""
    with torch.inference_mode():
        times = {batch: time_in_turn([thin.network for thin in thins], batch, rounds) for batch in batches}
    return [
        Timed(
            thin,
            {batch: float(np.median(found[:, place])) for batch, found in times.items()},
            {batch: _quartiles(found[:, 0] / found[:, place]) for batch, found in times.items()},
        )
        for place, thin in enumerate(thins)
    ]


def _quartiles(values: np.ndarray) -> tuple[float, float, float]:
    lower, median, upper = np.percentile(values, (25, 50, 75))
    return float(lower), float(median), float(upper)


def accuracy_at(speedup: float, timed: Sequence[Timed], batch: int) -> float | None:
    """Test accuracy at a measured speedup, between the two points around it, on a line in log speedup; None beyond."""
    known = sorted((math.log(item.speedups[batch][1]), item.thin.point.test_accuracy) for item in timed)
    for (low, first), (high, second) in itertools.pairwise(known):
        if low <= math.log(speedup) <= high:
            return first + (second - first) * (math.log(speedup) - low) / max(high - low, 1e-9)
    return None


def shares_table(network: Network, batches: Sequence[int]) -> str:
    """Each layer's share of the operations, and of all layers' time at each batch size."""
    layers = summarize(network).layers
    macs = sum(layer.macs for layer in layers)
    times = {batch: time_layers(network, batch, torch.device("cpu")) for batch in batches}
    heads = [f"of the time, batch {batch}" for batch in batches]
    rows = [f"| layer | of the operations | {' | '.join(heads)} |", "|---|" + "---:|" * (1 + len(batches))]
    for layer in layers:
        parts = [found.layers[layer.name] / sum(found.layers.values()) for found in times.values()]
        rows.append(f"| `{layer.name}` | {layer.macs / macs:.1%} | {' | '.join(f'{part:.1%}' for part in parts)} |")
    return "\n".join(rows)


def points_table(timed: Sequence[Timed], batches: Sequence[int]) -> str:
    """What each method has at each operating point, as means over the seeds; accuracies with lowest and highest."""
    heads = ["method", "MACs left", "parameters left", *(f"speedup, batch {batch} (quartiles)" for batch in batches)]
    rows = [f"| {' | '.join(heads)} | test accuracy | widths, first seed |", "|---|" + "---:|" * len(heads) + "---|"]
    dense = {item.thin.seed: item.thin.point for item in timed if not item.thin.point.index}
    thin = [item for item in timed if item.thin.point.index]
    for index in sorted({item.thin.point.index for item in thin}):
        for method in dict.fromkeys(item.thin.method for item in thin):
            here = [item for item in thin if (item.thin.method, item.thin.point.index) == (method, index)]
            points = [item.thin.point for item in here]
            macs = statistics.mean(item.thin.point.macs / dense[item.thin.seed].macs for item in here)
            kept = statistics.mean(item.thin.point.parameters / dense[item.thin.seed].parameters for item in here)
            speeds = " | ".join(_mean_quartiles(item.speedups[batch] for item in here) for batch in batches)
            accuracy = _spread([point.test_accuracy for point in points])
            widths = "-".join(map(str, points[0].widths))
            rows.append(f"| {method} | {macs:.1%} | {kept:.1%} | {speeds} | {accuracy} | {widths} |")
    return "\n".join(rows)


def levels_table(timed: Sequence[Timed], levels: Sequence[float], batch: int) -> str:
    """Test accuracy of each method at the same measured speedups; "none" where a seed does not get there."""
    rows = [f"| method | {' | '.join(f'{level:g}x' for level in levels)} |", "|---|" + "---:|" * len(levels)]
    for method in dict.fromkeys(item.thin.method for item in timed if item.thin.point.index):
        cells = []
        for level in levels:
            found = [accuracy_at(level, own, batch) for own in _runs(timed, method)]
            known = [accuracy for accuracy in found if accuracy is not None]
            cells.append(_spread(known) if len(known) == len(found) else "none")
        rows.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _runs(timed: Sequence[Timed], method: str) -> list[list[Timed]]:
    """A method's points seed by seed, each with the dense network."""
    seeds = dict.fromkeys(item.thin.seed for item in timed)
    of_seeds = [[item for item in timed if item.thin.seed == seed] for seed in seeds]
    return [[item for item in own if item.thin.method == method or not item.thin.point.index] for own in of_seeds]


def _mean_quartiles(speedups: Iterable[tuple[float, float, float]]) -> str:
    lower, median, upper = (statistics.mean(values) for values in zip(*speedups, strict=True))
    return f"{median:.2f} ({lower:.2f} to {upper:.2f})"


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2%} ({min(values):.2%} to {max(values):.2%})"

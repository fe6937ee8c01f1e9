"""Measured latency of a physically thinner network beside the dense one: torch eager and ONNX Runtime."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor

from backend.domain.delivery import LatencyGap, LatencyHost, LatencyReport, LatencyRow, Runtime
from worker.delivery.host import load_average, processor_count, processor_name
from worker.delivery.runtime import VERSION, OnnxSession
from worker.engine.latency import FEWEST_ROUNDS, Call, time_in_turn, timing
from worker.engine.network import Network, build
from worker.engine.network.inputs import random_inputs

BATCHES = (1, 64)
TIME_LIMIT_S = 20.0
"""For all rows of a report together, about; warm-up comes on top."""
_LIVE_VALUES = 3
"""A run needs about so many of its largest intermediate results at once."""
_MEMORY_SHARE = 0.5
"""Of the free memory, at most this share is used."""


@dataclass(frozen=True)
class Contestant:
    """A network, and its ONNX model (or why there is none)."""

    network: Network
    model: bytes | str


def measure_latency(dense: Contestant, thin: Contestant, threads: int, seconds: float = TIME_LIMIT_S) -> LatencyReport:
    """Time dense and thin network in turn, in both runtimes at every batch size, on the processor.

    `thin` must be physically thinner: masked channels save no time. What cannot be measured (no ONNX model, too slow,
    too large) becomes a gap with its reason.
    """
    host, began = _host(threads), time.perf_counter()
    configurations: list[tuple[Runtime, int]] = [
        (runtime, batch) for batch in BATCHES for runtime in ("torch", "onnxruntime")
    ]
    rows: list[LatencyRow] = []
    gaps: list[LatencyGap] = []
    with _threads(threads):
        for number, (runtime, batch) in enumerate(configurations):
            left = max(0.0, began + seconds - time.perf_counter()) / (len(configurations) - number)
            result = _measure(_Trial(runtime, batch, threads, left), dense, thin)
            if isinstance(result, LatencyRow):
                rows.append(result)
            else:
                gaps.append(LatencyGap(runtime=runtime, batch=batch, reason=result))
    return LatencyReport(host=host, rows=tuple(rows), gaps=tuple(gaps), seconds=time.perf_counter() - began)


@dataclass(frozen=True)
class _Trial:
    runtime: Runtime
    batch: int
    threads: int
    seconds: float


def _measure(trial: _Trial, dense: Contestant, thin: Contestant) -> LatencyRow | str:
    """The row, or the reason why there is none."""
    if not _fits(dense.network, trial.batch):
        return f"A batch of {trial.batch} would take too much of this machine's memory."
    for contestant in (dense, thin):
        if trial.runtime == "onnxruntime" and isinstance(contestant.model, str):
            return contestant.model
    found = time_in_turn(_call(trial, dense), _call(trial, thin), trial.seconds)
    if found is None:
        return f"{FEWEST_ROUNDS} rounds would take longer than the {trial.seconds:.1f} s that were left for them."
    lower, median, upper = found.speedups()
    return LatencyRow(
        runtime=trial.runtime,
        batch=trial.batch,
        rounds=len(found.dense_ms),
        dense=timing(found.dense_ms),
        thin=timing(found.thin_ms),
        latency_speedup=median,
        lower_speedup=lower,
        upper_speedup=upper,
    )


def _call(trial: _Trial, contestant: Contestant) -> Call:
    """One run of a network on a batch, ready to be timed."""
    inputs = random_inputs(contestant.network, trial.batch)
    if trial.runtime == "torch" or isinstance(contestant.model, str):
        return _eager(build(contestant.network), inputs)
    session = OnnxSession(contestant.model, trial.threads)
    return lambda: session.scores(inputs)


def _eager(module: Callable[..., object], inputs: tuple[Tensor, ...]) -> Call:
    def call() -> object:
        with torch.inference_mode():
            return module(*inputs)

    return call


def _fits(network: Network, batch: int) -> bool:
    values = [value for value in network.shapes.values() if isinstance(value, Tensor)]
    largest = max(value.numel() * value.element_size() for value in values)
    return _LIVE_VALUES * batch * largest <= _MEMORY_SHARE * psutil.virtual_memory().available


def _host(threads: int) -> LatencyHost:
    return LatencyHost(
        processor=processor_name(),
        processor_count=processor_count(),
        threads=threads,
        system=platform.system(),
        torch_version=str(torch.__version__),
        onnxruntime_version=VERSION,
        load=load_average(),
    )


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)

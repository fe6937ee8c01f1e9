"""What events, history and checkpoints cost in a run: `python -m tests.benchmarks.bookkeeping`.

Counts the time in which the engine waits for its own checkpoints and for the recorder (SQLite, files with fsync), and
the processor time of the writer's thread, as a share of the whole run. The goal is at most 3 %.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from backend.db import create_engine, create_sessions
from backend.db.migrate import upgrade
from backend.domain.events import RunStarted, StepFinished
from backend.domain.presets import PRESETS
from backend.domain.reports import StepRecord
from tests.worker.workshop import Bench, make_bench
from worker.engine.checkpoint import Checkpoint
from worker.engine.device import make_deterministic
from worker.engine.examples import Dataset, Examples
from worker.engine.results import FinishedPoint
from worker.engine.run import Output, run
from worker.recorder import Recorder
from worker.zoo.fresh import initialize

GOAL = 0.03
INPUT_SHAPES = {"lenet5": (1, 28, 28), "resnet20": (3, 32, 32), "vgg16_bn": (3, 32, 32)}
CLASS_COUNT = 10
EXAMPLES = 5000
WARM_UP = 3


class TimedRecorder(Recorder):
    """Counts the processor time of its writer thread."""

    writer_s = 0.0

    def _write(self, records: list[StepRecord], data: bytes) -> None:
        start = time.thread_time()
        super()._write(records, data)
        self.writer_s += time.thread_time() - start


@dataclass(frozen=True)
class Shares:
    """Seconds of a run."""

    total_s: float
    checkpoint_s: float
    recorder_s: float
    writer_s: float

    @property
    def bookkeeping(self) -> float:
        """Share of the run's time."""
        return (self.checkpoint_s + self.recorder_s + self.writer_s) / self.total_s


def measure(name: str, steps: int) -> Shares:
    """Do the first steps of the default Fisher run and record them as a worker does."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (EXAMPLES, *INPUT_SHAPES[name]), generator=generator).to(torch.uint8)
    examples = Examples(inputs, torch.arange(EXAMPLES) % CLASS_COUNT)
    dataset = Dataset(examples, examples.at(torch.arange(CLASS_COUNT)), CLASS_COUNT, "random")
    network = initialize(name, INPUT_SHAPES[name], CLASS_COUNT, seed=0)
    recipe = PRESETS["theis2018-fisher"].recipe
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(Path(folder))
        outputs = run(network, dataset, recipe, torch.device("cpu"), should_stop=lambda: False)
        return _follow(bench, outputs, steps)


def _bench(folder: Path) -> Bench:
    url = f"sqlite:///{folder / 'secateur.db'}"
    upgrade(url)
    return make_bench(create_sessions(create_engine(url)), folder)


def _follow(bench: Bench, outputs: Iterator[Output], steps: int) -> Shares:
    job_id = bench.queue()
    with bench.workshop.work() as work:
        claim = work.leases.claim(job_id, bench.workshop.owner)
    if claim is None:
        raise RuntimeError("nobody else claims this job")
    checkpoint_s = recorder_s = 0.0
    start = begun = time.perf_counter()
    with TimedRecorder(bench.workshop, claim) as recorder:
        for output in outputs:
            arrived = time.perf_counter()
            _record(recorder, output)
            recorder_s += time.perf_counter() - arrived
            if isinstance(output, Checkpoint):
                checkpoint_s += arrived - begun
                if output.step == WARM_UP:  # what comes once is not counted
                    recorder.drain()
                    checkpoint_s = recorder_s = recorder.writer_s = 0.0
                    start = time.perf_counter()
                elif output.step == WARM_UP + steps:
                    break
            begun = time.perf_counter()
        total = time.perf_counter() - start
    return Shares(total, checkpoint_s, recorder_s, recorder.writer_s)


def _record(recorder: Recorder, output: Output) -> None:
    match output:
        case RunStarted():
            recorder.started(output.layout, 0)
        case StepFinished():
            recorder.step(output.record)
        case Checkpoint():
            recorder.checkpoint(output)
        case FinishedPoint():
            recorder.point(output.point, [])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", default=list(INPUT_SHAPES), choices=list(INPUT_SHAPES))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    make_deterministic(options.threads)
    print("| network | seconds | making checkpoints | recording | writer thread | share |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in options.networks:
        found = measure(name, options.steps)
        parts = f"{found.checkpoint_s:.3f} | {found.recorder_s:.3f} | {found.writer_s:.3f}"
        print(f"| {name} | {found.total_s:.1f} | {parts} | {found.bookkeeping:.2%} |")
    print(f"\nGoal: at most {GOAL:.0%}.")


if __name__ == "__main__":
    main()

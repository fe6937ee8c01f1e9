"""Share of a run's time that events, history and checkpoints take: `python -m tests.benchmarks.bookkeeping`.

One process runs the same pruning job twice: bare (the engine's output is thrown away) and recorded (database, store
and checkpoints). Goal: the recorder holds the engine up for at most 3% of the time.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.db.migrate import upgrade
from backend.db.models import JobRow
from backend.db.repositories.leases import Claim
from backend.domain.criteria import FisherCriterion
from backend.domain.events import RunStarted, StepFinished
from backend.domain.jobs import JobKind
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.retraining import Retrain
from backend.domain.schedules import GreedySchedule
from backend.domain.targets import SparsityTarget
from backend.storage import ArtifactStore
from worker.engine.checkpoint import Checkpoint
from worker.engine.examples import Dataset, Examples
from worker.engine.inputs import Inputs
from worker.engine.run import run
from worker.recorder import Recorder
from worker.settings import WorkerSettings
from worker.workshop import Workshop
from worker.zoo.fresh import initialize

GOAL = 0.03
ROUNDS = 2
EXAMPLES = 4096
STEPS = 12
RECIPE = Recipe(
    target=SparsityTarget(sparsity=0.9),
    prune=Prune(criterion=FisherCriterion(), schedule=GreedySchedule(training_steps=10), points=1),
    retrain=Retrain(epochs=0),
)


def _dataset() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (EXAMPLES, 1, 28, 28), generator=generator, dtype=torch.uint8)
    examples = Examples(Inputs.of(inputs), torch.randint(0, 10, (EXAMPLES,), generator=generator))
    return Dataset(examples, examples, 10, "0" * 64)


def _workshop(folder: Path) -> Workshop:
    settings = WorkerSettings(data=folder, device="cpu")
    upgrade(settings.database_url)
    return Workshop(
        settings=settings,
        sessions=create_sessions(create_engine(settings.database_url)),
        store=ArtifactStore(settings.store_url, settings.checkpoints),
        owner="benchmark:1:1",
        ring=lambda _job_id, _kind: None,
        publish=lambda _event: None,
    )


def _claim(workshop: Workshop) -> Claim:
    with UnitOfWork(workshop.sessions) as work:
        job_id = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="benchmark")).id
    with UnitOfWork(workshop.sessions) as work:
        claim = work.leases.claim(job_id, workshop.owner)
    if claim is None:
        raise RuntimeError("a fresh job could not be claimed")
    return claim


class _Stopwatch:
    """Adds up the time inside calls."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        began = time.perf_counter()
        function(*arguments)
        self.seconds += time.perf_counter() - began


def _measure(dataset: Dataset, workshop: Workshop | None) -> tuple[float, float]:
    """Seconds of `STEPS` steps, and seconds of them in the recorder (0 without one)."""
    network = initialize("lenet5", (1, 28, 28), 10, 0)
    outputs = run(network, dataset, RECIPE, torch.device("cpu"), should_stop=lambda: False)
    watch, steps, began = _Stopwatch(), 0, 0.0
    recorder = None if workshop is None else Recorder(workshop, _claim(workshop))
    for output in outputs:
        if isinstance(output, RunStarted) and recorder is not None:
            recorder.started(output.layout, 0)
        if isinstance(output, StepFinished):
            steps += 1
            if recorder is not None:
                watch.call(recorder.step, output.record)
        if isinstance(output, Checkpoint):
            if recorder is not None:
                watch.call(recorder.checkpoint, output)
            if steps == 1:  # the first step warms up
                watch, began = _Stopwatch(), time.perf_counter()
            if steps == STEPS:
                break
    if recorder is not None:
        watch.call(recorder.drain)
    return time.perf_counter() - began, watch.seconds


def main() -> int:
    """Print the figures; the exit status says whether the goal is met."""
    dataset = _dataset()
    with tempfile.TemporaryDirectory() as folder:
        workshop = _workshop(Path(folder))
        rounds = [(_measure(dataset, None)[0], *_measure(dataset, workshop)) for _ in range(ROUNDS)]
    shares = [inside / total for _, total, inside in rounds]
    share = statistics.median(shares)
    step_ms = statistics.median(total for _, total, _ in rounds) / (STEPS - 1) * 1000
    slowdown = statistics.median(total / bare - 1 for bare, total, _ in rounds)
    print(f"LeNet-5, batch 128, one step = 10 training steps = {step_ms:.0f} ms, {torch.get_num_threads()} thread(s)")
    print(f"bookkeeping holds the engine up for {share:.2%} of the time (goal: {GOAL:.0%})")
    print(f"recorded against bare: {slowdown:+.1%} (run one after the other: other load on the machine shows here)")
    return 0 if share <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())

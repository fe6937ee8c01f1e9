"""Comparisons in several processes: the same to the bit, stopped at once, and nobody is left behind."""

import copy
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch

from backend.domain.comparison import Comparison
from backend.domain.errors import FailureCode, JobFailure
from tests.bench.test_bench import compare, plan
from tests.engine.runs import CPU, blobs
from tests.running import is_gone, wait_for
from worker.bench.bench import Bench
from worker.bench.plan import Plan
from worker.bench.processes import Crew, compare_in_processes, next_job
from worker.bench.results import read_results
from worker.bench.shelf import Shelf

PLAN = plan(
    methods=("louizos2018-l0", "frankle2020-late-rewinding", "renda2020-weight-rewinding"),
    compressions=(1.2, 1.5),
    seeds=(0,),
    sparsify_epochs=1,
    retrain_epochs=1,
)
"""Compressions have the sparsifying of the first method in common; the last two are one experiment."""


def in_two(chosen: Plan, folder: Path, said: list[str]) -> Comparison:
    bench = Bench(chosen, blobs(), CPU, Shelf(folder), said.append)
    return compare_in_processes(bench, Crew(2, torch.get_num_threads(), blobs))


def test_two_processes_find_what_one_finds_and_run_nothing_twice(tmp_path: Path):
    said: list[str] = []
    alone: list[str] = []
    found = in_two(PLAN, tmp_path / "two", said)
    assert found == compare(PLAN, tmp_path / "one", alone)
    assert len(found.outcomes) == len(PLAN.cells)
    assert sorted(said) == sorted(alone)
    again: list[str] = []
    in_two(PLAN, tmp_path / "two", again)
    assert again == []


def test_runs_wait_for_an_opening_that_is_being_made_unless_a_process_would_idle(tmp_path: Path):
    near, *_ = jobs = list(Bench(PLAN, blobs(), CPU, Shelf(tmp_path), print).open_jobs())
    far = next(job for job in jobs if job.opening == near.opening and job is not near)
    late, twin = (next(job for job in jobs if job.cell.method == name) for name in PLAN.methods[1:])
    assert late.key == twin.key
    assert next_job([far, late, twin], [near]) is late
    assert next_job([far, twin], [near, late]) is far
    assert next_job([twin], [near, far, late]) is None
    assert next_job([twin], [near]) is twin


def test_failures_travel_between_processes_whole():
    failure = copy.copy(JobFailure(FailureCode.DIVERGED, "It diverged.", "Lower the rate."))
    assert (failure.code, failure.detail, failure.hint) == (FailureCode.DIVERGED, "It diverged.", "Lower the rate.")


def _hear_interrupts() -> None:
    """What a shell starts in the background ignores them, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Command:
    """`secateur bench` in two processes, each of which has hours to go once the dense network is trained."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "kept.json"
        self.console = folder / "console.log"
        options = ["--dense-epochs", "1", "--retrain-epochs", "1000", "--seed", "0", "--compression", "2"]
        places = ["--output", str(folder / "out"), "--results", str(self.results)]
        command = [sys.executable, "-m", "worker", "bench", *options, *places, "--processes", "2", "--threads", "1"]
        with self.console.open("wb") as console:
            self.process = subprocess.Popen(command, stdout=console, stderr=console, preexec_fn=_hear_interrupts)
        wait_for(lambda: "dense lenet300" in self.console.read_text() or self.process.poll() is not None, 60)
        self.family: list[psutil.Process] = []
        wait_for(self._is_whole, 60, "both workers: the second one starts when it has something to do")

    def _is_whole(self) -> bool:
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        return len(self.workers) == 2

    @property
    def workers(self) -> list[psutil.Process]:
        return [process for process in self.family if "spawn_main" in " ".join(process.cmdline())]

    def ended(self) -> tuple[int, str]:
        """Exit status and console, once all processes are gone."""
        status = self.process.wait(60)
        wait_for(lambda: all(is_gone(process.pid) for process in self.family), 30, "the end of all processes")
        return status, self.console.read_text()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    started = Command(tmp_path)
    yield started
    if started.process.poll() is None:
        started.process.kill()
        started.process.wait()


def test_an_interrupted_comparison_stops_at_once_and_keeps_what_it_has(command: Command):
    command.process.send_signal(signal.SIGINT)
    status, console = command.ended()
    assert (status, "Aborted!" in console, "Traceback" in console) == (1, True, False), console
    assert read_results(command.results).outcomes == ()
    assert len(list(command.results.with_suffix("").glob("*.safetensors"))) == 1


def test_a_process_that_is_ended_from_outside_is_told(command: Command):
    command.workers[0].kill()
    status, console = command.ended()
    assert status == 1, console
    assert "A process of the comparison was ended from outside; what was done is kept." in console
    assert "Traceback" not in console


def test_processes_end_with_the_one_that_began_them(command: Command):
    command.process.kill()
    command.ended()

"""A comparison in several processes: a small network leaves most of a machine idle, and its runs need no other."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event
from threading import Thread
from typing import ClassVar

import torch

from backend.domain.comparison import Comparison, Outcome
from backend.domain.errors import InvalidValue
from worker.bench.bench import Bench, Job
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf
from worker.engine.device import keep_freed_memory, make_deterministic
from worker.engine.examples import Dataset


@dataclass(frozen=True)
class Crew:
    """Processes that share the device; each reads the data for itself."""

    processes: int
    threads: int
    """Of one tensor operation, in each process."""
    load: Callable[[], Dataset]


def compare_in_processes(bench: Bench, crew: Crew) -> Comparison:
    """What `bench.compare()` gives, to identical bits.

    Raises InvalidValue as that does, and where a process was ended from outside; what was done until then is kept.
    """
    bench.so_far()
    with _pool(bench, crew) as pool:
        for _ in range(bench.plan.passes):
            jobs = list(bench.open_jobs())
            for said in pool.map(_train_dense, dict.fromkeys(job.cell.seed for job in jobs)):
                for sentence in said:
                    bench.say(sentence)
            _perform_all(bench, pool, jobs, crew.processes)
    return bench.so_far()


def _perform_all(bench: Bench, pool: ProcessPoolExecutor, jobs: Iterable[Job], processes: int) -> None:
    waiting, running = list(jobs), dict[Future[Outcome], Job]()
    while waiting or running:
        while len(running) < processes and (job := next_job(waiting, running.values())) is not None:
            waiting.remove(job)
            if not bench.is_done(job):
                running[pool.submit(_perform, job)] = job
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            bench.take(running.pop(future), future.result())


def next_job(waiting: Sequence[Job], running: Collection[Job]) -> Job | None:
    """The first whose opening no run is in, so that it is made once; else the first, so that no process idles.

    None where all that wait are running under another name.
    """
    keys, openings = {job.key for job in running}, {job.opening for job in running} - {None}
    free = [job for job in waiting if job.key not in keys]
    return next((job for job in free if job.opening not in openings), free[0] if free else None)


@contextmanager
def _pool(bench: Bench, crew: Crew) -> Iterator[ProcessPoolExecutor]:
    """Processes that stop within a step of training when this one is interrupted."""
    context = multiprocessing.get_context("spawn")  # a forked process cannot use CUDA
    stop = context.Event()
    task = _Task(bench.plan, bench.device, bench.shelf, bench.digests)
    pool = ProcessPoolExecutor(crew.processes, context, _Here.set_up, (crew, task, stop))
    try:
        yield pool
    except BrokenProcessPool as broken:
        raise InvalidValue(
            "A process of the comparison was ended from outside; what was done is kept.",
            hint="Often memory is what lacks: ask for fewer --processes.",
        ) from broken
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Task:
    """What a process needs of a Bench, beside the data."""

    plan: Plan
    device: torch.device
    shelf: Shelf
    digests: dict[int, str]


class _Here:
    """In a process of a crew."""

    bench: ClassVar[Bench]

    @classmethod
    def set_up(cls, crew: Crew, task: _Task, stop: Event) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the first one tells the others
        Thread(target=_end_with_parent, daemon=True).start()
        make_deterministic(crew.threads)
        keep_freed_memory()
        cls.bench = Bench(
            task.plan, crew.load(), task.device, task.shelf, lambda _: None, dict(task.digests), should_stop=stop.is_set
        )


def _end_with_parent() -> None:
    """A process that was killed tells nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _train_dense(seed: int) -> list[str]:
    """What there is to tell of it."""
    said: list[str] = []
    replace(_Here.bench, say=said.append).prepare(seed)
    return said


def _perform(job: Job) -> Outcome:
    return _Here.bench.perform(job)

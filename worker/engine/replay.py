"""A run that diverges does its last record of steps again, slowly, to tell where: nothing is lost while all goes well.

Runs go on from their checkpoints to identical bits, so what breaks the second time is what broke the first time.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import torch

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.checkpoint import Checkpoint
from worker.engine.divergence import Broken, Diverged, Overflowed, Whereabouts, told, told_of_answers
from worker.engine.results import FinishedPoint

Output = TypeVar("Output", covariant=True)


class Attempt(Protocol[Output]):
    """Training from a checkpoint to its end, once."""

    def outputs(self, resume: Checkpoint | None) -> Iterator[Output]:
        """Events, checkpoints and finished points; raises Diverged."""
        ...

    def inspect(self) -> None:
        """From now on look at every value of every step."""
        ...

    def whereabouts(self) -> Whereabouts:
        """Where the record of steps under way began."""
        ...


class _Kept:
    """The last good checkpoint of an attempt, and its last operating point."""

    def __init__(self, resume: Checkpoint | None) -> None:
        self.checkpoint = resume
        self._is_resumed = resume is not None
        self._point: int | None = None

    def see(self, output: object) -> None:
        if isinstance(output, Checkpoint):
            self.checkpoint = output
        elif isinstance(output, FinishedPoint):
            self._point = output.point.index

    def sentence(self) -> str:
        """What is left of the run."""
        points = "operating points that were finished before" if self._is_resumed else None
        if self._point is not None:
            points = f"operating points up to {self._point}" if self._point else "operating point 0, the dense network,"
        if self.checkpoint is None:
            return f"No step had been recorded before; {points or 'nothing'} is kept."
        kept = f"The last good checkpoint, after step {self.checkpoint.step} of the history, is kept"
        return f"{kept}." if points is None else f"{kept}; {points} can be downloaded."


def with_replay(make: Callable[[], Attempt[Output]], resume: Checkpoint | None) -> Iterator[Output]:
    """What an attempt gives; of one that diverges, a JobFailure(DIVERGED) that says where, and what is kept."""
    attempt, kept = make(), _Kept(resume)
    try:
        for output in attempt.outputs(resume):
            kept.see(output)
            yield output
        return
    except Diverged as diverged:
        broken, where = diverged.broken, attempt.whereabouts()
    except Overflowed as overflowed:
        raise told_of_answers(overflowed, attempt.whereabouts(), kept.sentence()) from overflowed
    except JobFailure as failure:
        if failure.code is not FailureCode.DIVERGED:
            raise
        raise JobFailure(failure.code, failure.cause, failure.hint, kept.sentence()) from failure
    del attempt  # what it holds on the device is needed for the next one
    raise told(_first_broken(make(), kept.checkpoint) or broken, where, kept.sentence())


def _first_broken(again: Attempt[Output], start: Checkpoint | None) -> Broken | None:
    """What breaks first in the record after a checkpoint; None if nothing does, or there is no room to look."""
    again.inspect()
    try:
        _skip_record(again.outputs(start))
    except Diverged as diverged:
        return diverged.broken
    except (MemoryError, torch.OutOfMemoryError):
        return None
    return None


def _skip_record(outputs: Iterable[object]) -> None:
    for output in outputs:
        if isinstance(output, Checkpoint):
            return

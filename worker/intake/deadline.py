"""A time limit inside the locked-down process: when it passes, the sentence says where the work stood."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.graph import Node
from worker.engine.graph.evaluation import Step

COUPLING = "worker.engine.coupling"


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise JobFailure (TIME_LIMIT) in whatever still runs after `seconds`; only in the main thread of a process."""

    def ring(_signal: int, frame: FrameType | None) -> None:
        raise JobFailure(FailureCode.TIME_LIMIT, _sentence(seconds, frame), _hint(frame))

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _sentence(seconds: float, frame: FrameType | None) -> str:
    node = _find_node(frame)
    where = f", and was still at `{node.name}` ({node.place or node.target})" if node else ""
    doing = "Working out which channels go together" if _is_coupling(frame) else "Reading the network"
    return f"{doing} took longer than {seconds:g} seconds{where}, so it was stopped."


def _hint(frame: FrameType | None) -> str:
    if _is_coupling(frame):
        return "The network is too entangled there: export it with that part simplified, or left out."
    return "Export a smaller network."


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The interrupted frame and those around it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _find_node(frame: FrameType | None) -> Node | None:
    """The node that the innermost interrupted function was about."""
    for outer in _frames(frame):
        for value in outer.f_locals.values():
            if isinstance(value, Step):
                return value.node
            if isinstance(value, Node):
                return value
    return None


def _is_coupling(frame: FrameType | None) -> bool:
    return any(str(outer.f_globals.get("__name__", "")).startswith(COUPLING) for outer in _frames(frame))

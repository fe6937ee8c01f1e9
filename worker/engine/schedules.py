"""How many channels go at a time."""

from typing import Protocol

from backend.domain.schedules import CubicSchedule, GreedySchedule, OneShotSchedule
from worker.engine.registry import Registry


class RemovalSchedule(Protocol):
    """Training steps before a removal, and its size."""

    training_steps: int
    channels: int | None
    """Channels per removal; None: as many as the level needs."""

    removals: int
    """Removals on the way from one operating point to the next, where `channels` is no limit."""

    def level(self, start: float, end: float, removal: int) -> float:
        """Density that the removal (0, 1, 2 ...) goes down to, on the way from density `start` to `end`."""
        ...


SCHEDULES: Registry[RemovalSchedule] = Registry("schedule")


@SCHEDULES.register(GreedySchedule)
class Greedy:
    """A few channels at a time."""

    def __init__(self, spec: GreedySchedule) -> None:
        self.training_steps = spec.training_steps
        self.channels: int | None = spec.channels
        self.removals = 1

    def level(self, start: float, end: float, removal: int) -> float:  # noqa: ARG002  (the protocol's signature)
        """All the way: the number of channels is the limit."""
        return end


@SCHEDULES.register(OneShotSchedule)
class OneShot:
    """Everything at once."""

    def __init__(self, spec: OneShotSchedule) -> None:
        self.training_steps = spec.training_steps
        self.channels: int | None = None
        self.removals = 1

    def level(self, start: float, end: float, removal: int) -> float:  # noqa: ARG002  (the protocol's signature)
        """All the way."""
        return end


@SCHEDULES.register(CubicSchedule)
class Cubic:
    """Ever smaller removals (Zhu and Gupta 2017, eq. 1)."""

    def __init__(self, spec: CubicSchedule) -> None:
        self.training_steps = spec.training_steps
        self.channels: int | None = None
        self.removals = spec.removals

    def level(self, start: float, end: float, removal: int) -> float:
        """Of sparsities the paper's equation, which is the same for densities."""
        done = min(1.0, (removal + 1) / self.removals)
        return end + (start - end) * (1 - done) ** 3

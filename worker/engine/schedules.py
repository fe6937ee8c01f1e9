"""How many channels go at a time."""

from typing import Protocol

from backend.domain.schedules import GreedySchedule, OneShotSchedule
from worker.engine.registry import Registry


class RemovalSchedule(Protocol):
    """Training steps before a removal, and its size."""

    training_steps: int
    channels: int | None
    """Channels per removal; None: as many as the operating point needs."""


SCHEDULES: Registry[RemovalSchedule] = Registry("schedule")


@SCHEDULES.register(GreedySchedule)
class Greedy:
    """A few channels at a time."""

    def __init__(self, spec: GreedySchedule) -> None:
        self.training_steps = spec.training_steps
        self.channels: int | None = spec.channels


@SCHEDULES.register(OneShotSchedule)
class OneShot:
    """Everything at once."""

    def __init__(self, spec: OneShotSchedule) -> None:
        self.training_steps = spec.training_steps
        self.channels: int | None = None

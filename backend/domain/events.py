"""What the engine reports while it works."""

from dataclasses import dataclass

from backend.domain.reports import OperatingPoint, RunLayout, StepRecord


@dataclass(frozen=True)
class RunStarted:
    """The run knows its layers and counts; sent once, also after a resume."""

    layout: RunLayout


@dataclass(frozen=True)
class StepFinished:
    """A step is done; a checkpoint of exactly this state follows it."""

    record: StepRecord


@dataclass(frozen=True)
class PointReached:
    """An operating point was measured; its network travels beside this event."""

    point: OperatingPoint


Event = RunStarted | StepFinished | PointReached

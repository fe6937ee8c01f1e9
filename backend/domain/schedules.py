"""Schedules: when channels go, and how much training lies between removals."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from backend.domain.spec import Spec


class GreedySchedule(Spec):
    """Train a few steps, remove the least important channels, repeat (Theis et al. 2018: 10 steps, 1 channel)."""

    kind: Literal["greedy"] = "greedy"
    training_steps: PositiveInt = Field(
        10, le=10_000, description="Optimizer steps between removals; scores are accumulated over them."
    )
    channels: PositiveInt = Field(1, le=10_000, description="Channels removed at a time.")


class OneShotSchedule(Spec):
    """Score once and remove everything at once, for each operating point."""

    kind: Literal["one_shot"] = "one_shot"
    training_steps: PositiveInt = Field(10, le=10_000, description="Optimizer steps over which scores are accumulated.")


Schedule = Annotated[GreedySchedule | OneShotSchedule, Field(discriminator="kind")]

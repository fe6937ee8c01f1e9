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


class CubicSchedule(Spec):
    """Remove much at first and ever less towards the end (Zhu and Gupta 2017, arXiv:1710.01878, eq. 1).

    On the way from one operating point to the next, removal t of n leaves the sparsity
    `s_end + (s_start - s_end) * (1 - t/n)^3`; the paper's schedule is that of a single operating point.
    """

    kind: Literal["cubic"] = "cubic"
    training_steps: PositiveInt = Field(
        100, le=10_000, description="Optimizer steps between removals; scores are accumulated over them."
    )
    removals: PositiveInt = Field(10, le=10_000, description="Removals on the way to each operating point.")


Schedule = Annotated[GreedySchedule | OneShotSchedule | CubicSchedule, Field(discriminator="kind")]

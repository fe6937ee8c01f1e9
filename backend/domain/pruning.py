"""The recipe's section on what is removed, and how."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints, field_validator

from backend.domain.allocations import Allocation, GlobalAllocation
from backend.domain.costs import Cost, NoCost
from backend.domain.criteria import Criterion
from backend.domain.granularities import ChannelGranularity, Granularity
from backend.domain.retraining import Optimizer, SgdOptimizer
from backend.domain.schedules import GreedySchedule, Schedule
from backend.domain.spec import Spec

LayerName = Annotated[str, StringConstraints(min_length=1, max_length=500)]
WidthMultiple = Literal[1, 8, 16]


class Prune(Spec):
    """What is removed: criterion, granularity, allocation, cost, schedule, and the training between removals."""

    criterion: Criterion = Field(description="How a channel is scored.")
    granularity: Granularity = Field(default_factory=ChannelGranularity, description="What one decision removes.")
    allocation: Allocation = Field(default_factory=GlobalAllocation, description="How much each layer gives.")
    cost: Cost = Field(default_factory=NoCost, description="How much saved compute counts.")
    schedule: Schedule = Field(default_factory=GreedySchedule, description="When channels go.")
    optimizer: Optimizer = Field(
        default_factory=SgdOptimizer, description="Optimizer of the training steps between removals."
    )
    minimum_width: PositiveInt = Field(2, le=65_536, description="No layer becomes thinner than this.")
    width_multiple: WidthMultiple = Field(
        1,
        description="Every layer that gives anything ends at a width that is a multiple of this: 8 or 16 for speed, "
        "1 for any width.",
    )
    pins: tuple[LayerName, ...] = Field(
        (), max_length=10_000, description="Layers kept whole, and with them the layers whose channels go together."
    )
    dead_channels: Literal["remove", "keep"] = Field(
        "remove",
        description="Channels that nobody reads, or whose value does not depend on the input, and layers whose "
        "residual branch does not depend on it: finished networks are handed out without them (they answer the same), "
        "or with them.",
    )
    removal_macs: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Masked channels are removed physically once this share of the current MACs can go.",
    )
    points: PositiveInt = Field(
        4,
        le=64,
        description="Operating points on the way to the target (evenly spaced in log density). Points whose networks "
        "would be the same are one, with the number of the last.",
    )
    measure_removals: bool = Field(
        default=False,
        description="Measure accuracy on the validation split straight before and straight after every removal "
        "(instability, Bartoldson et al. 2020), not only at operating points. The networks stay the same to the last "
        "bit; it costs two passes over the validation split for each removal, which may take longer than the training "
        "steps between removals.",
    )

    @field_validator("pins")
    @classmethod
    def _sort_pins(cls, pins: tuple[str, ...]) -> tuple[str, ...]:
        """The same pins in another order are the same recipe."""
        return tuple(sorted(set(pins)))

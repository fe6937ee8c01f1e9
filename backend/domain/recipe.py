"""The recipe: one frozen value that is request body, database column, engine input, form and identity of a run."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints, field_validator, model_validator

from backend.domain.allocations import Allocation, GlobalAllocation
from backend.domain.costs import Cost, NoCost
from backend.domain.criteria import Criterion
from backend.domain.granularities import ChannelGranularity, Granularity
from backend.domain.retraining import Distillation, Optimizer, Retrain, SgdOptimizer, Sparsify
from backend.domain.schedules import GreedySchedule, Schedule
from backend.domain.spec import Spec
from backend.domain.targets import Target

LayerName = Annotated[str, StringConstraints(min_length=1, max_length=500)]
WidthMultiple = Literal[1, 8, 16]

_ADDED: dict[str, dict[str, Any]] = {"prune": {"pins": [], "width_multiple": 1}}
_ADDED_SECTIONS = ("sparsify",)
"""Settings and sections that came after the first recipes were fingerprinted, each with the value that changes nothing;
of a section that is `None`."""


class DataSplit(Spec):
    """How the training data is batched, and what part of it is held out for validation."""

    validation_share: float = Field(
        0.1, ge=0.01, le=0.5, description="Share of the training data held out; every choice is made on it."
    )
    batch_size: PositiveInt = Field(128, le=65_536, description="Examples per mini-batch.")
    scaling: Literal["none", "unit", "standardize"] = Field(
        "standardize",
        description="What the network was trained on. none: values as stored; unit: pixels divided by 255; "
        "standardize: then minus the mean, over the standard deviation, of each channel of the training data.",
    )


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
    removal_macs: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Masked channels are removed physically once this share of the current MACs can go.",
    )
    points: PositiveInt = Field(
        4, le=64, description="Operating points on the way to the target (evenly spaced in log density)."
    )

    @field_validator("pins")
    @classmethod
    def _sort_pins(cls, pins: tuple[str, ...]) -> tuple[str, ...]:
        """The same pins in another order are the same recipe."""
        return tuple(sorted(set(pins)))


class Compute(Spec):
    """Numeric precision of the run."""

    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="bfloat16: autocast; faster on GPUs that have it."
    )


class Recipe(Spec):
    """Everything that decides the outcome of a pruning run, given a model and a dataset."""

    schema_version: Literal[1] = 1
    target: Target = Field(description="Where to stop.")
    prune: Prune = Field(description="What is removed, and how.")
    sparsify: Sparsify | None = Field(None, description="Train with a regularizer before anything is removed.")
    retrain: Retrain = Field(description="Retraining at every operating point.")
    distill: Distillation | None = Field(None, description="Learn from the dense network while retraining.")
    data: DataSplit = Field(default_factory=DataSplit, description="Batches and the validation split.")
    compute: Compute = Field(default_factory=Compute, description="Numeric precision.")
    seed: NonNegativeInt = Field(0, le=2**31 - 1, description="Decides the split, the order of examples and all draws.")

    @model_validator(mode="after")
    def _check_axes(self) -> Self:
        if self.prune.cost.kind != "none" and self.prune.criterion.kind != "fisher":
            raise ValueError(
                f"prune.cost: `{self.prune.cost.kind}` weighs saved compute against a rise of the loss, which the "
                f"criterion `{self.prune.criterion.kind}` does not estimate; choose `fisher` or the cost `none`"
            )
        if self.prune.cost.kind != "none" and self.prune.allocation.kind != "global":
            raise ValueError(
                "prune.cost: a cost decides between layers, but `uniform` thins every layer alike; "
                "choose the allocation `global` or the cost `none`"
            )
        if self.distill is not None and self.retrain.epochs == 0:
            raise ValueError("distill: there is no retraining to distill in; set retrain.epochs or leave distill out")
        return self

    def fingerprint(self) -> str:
        """sha256 (hex) of the canonical JSON: equal recipes, equal fingerprints.

        A setting that was added later and changes nothing is left out, so that older recipes keep theirs.
        """
        value = self.model_dump(mode="json")
        for section, settings in _ADDED.items():
            for name, neutral in settings.items():
                if value[section][name] == neutral:
                    del value[section][name]
        for section in _ADDED_SECTIONS:
            if value[section] is None:
                del value[section]
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

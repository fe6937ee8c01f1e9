"""Allocations: how much each layer gives."""

from typing import Annotated, Literal

from pydantic import Field

from backend.domain.spec import Spec


class GlobalAllocation(Spec):
    """Rank the channels of all layers together; the scores decide how much each layer gives."""

    kind: Literal["global"] = "global"


class UniformAllocation(Spec):
    """Thin every layer alike; the criterion only ranks channels inside a layer."""

    kind: Literal["uniform"] = "uniform"


Allocation = Annotated[GlobalAllocation | UniformAllocation, Field(discriminator="kind")]

"""Costs: what a removal saves, and how much that counts against the loss.

The cost is C = sum over layers of H * W * C_out * (2 * C_in * K^2 + 1) floating-point operations (Theis et al. 2018),
in units of the dense network's cost, and its change is computed again after every removal. In its place the latency
can count: the sum of the layers' measured times.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from backend.domain.spec import Spec

Counted = Annotated[
    Literal["operations", "latency"],
    Field(
        description="What is saved. operations: floating-point operations; latency: measured milliseconds of the "
        "layers, which the section latency gives, or the run measures."
    ),
]


class NoCost(Spec):
    """Ignore the cost: remove the channel with the smallest score (beta = 0)."""

    kind: Literal["none"] = "none"


class FixedCost(Spec):
    """Remove the channel with the smallest dL + beta * dC (Theis et al. 2018).

    With the criterion `taylor` its scores stand for dL: FLOPs regularization (Molchanov et al. 2017).
    """

    kind: Literal["fixed"] = "fixed"
    beta: PositiveFloat = Field(
        0.5,
        le=1e6,
        description="Loss (nats) one gives for the whole dense cost: larger favors expensive layers. "
        "The authors searched between 0.0003 and 0.3, in a unit of cost that our source does not give. With the "
        "criterion `taylor`: score, not nats.",
    )
    counted: Counted = "operations"


class ParameterFreeCost(Spec):
    """Remove the channel with the smallest loss per saved operation, -dL / dC (beta*, Theis et al. 2018)."""

    kind: Literal["parameter_free"] = "parameter_free"
    counted: Counted = "operations"


Cost = Annotated[NoCost | FixedCost | ParameterFreeCost, Field(discriminator="kind")]

"""Regularizers: what is added to ordinary training so that a network becomes sparse by itself."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, StringConstraints, field_validator

from backend.domain.spec import Spec

LayerFactor = Annotated[str, StringConstraints(max_length=520, pattern=r"^.+=[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$")]
"""A layer and a number, such as `conv1=0.5`."""


class GroupLassoRegularizer(Spec):
    """Shrink the norm of everything that makes a channel (Wen et al. 2016, arXiv:1608.03665; filter-wise).

    `strength * sum over channels of sqrt(weights of the channel) * norm of its weights`, minimized by a proximal step
    after every optimizer step, so that zeros are exact. Coupled layers count as one.
    """

    leaves_scores: ClassVar[bool] = False
    """Whether the criterion `learned` has something to read afterwards."""

    kind: Literal["group_lasso"] = "group_lasso"
    strength: PositiveFloat = Field(1e-4, le=1e3, description="Weight of the penalty beside the mean loss.")


class L0HardConcreteRegularizer(Spec):
    """Learn a gate for every channel, and pay for each that may be open (Louizos et al. 2018, arXiv:1712.01312).

    Gates are hard-concrete variables (beta 2/3, stretched to -0.1 .. 1.1, clamped to 0 .. 1), drawn once for each
    channel and mini-batch. The penalty is `sum over channels of P(gate > 0) * (strength / N * size + weight_decay / 2 *
    norm^2)`, N the number of training examples. At the end the gates are multiplied into the weights that read the
    channels; the criterion `learned` then removes first what is closed.
    """

    leaves_scores: ClassVar[bool] = True

    kind: Literal["l0_hard_concrete"] = "l0_hard_concrete"
    strength: PositiveFloat = Field(
        0.1,
        le=1e6,
        description="What an open gate costs for each parameter that it stands for, in nats over all data.",
    )
    counted: Literal["parameters", "macs", "channels"] = Field(
        "parameters",
        description="What a gate stands for. parameters: those that leave with its channel; macs: the operations that "
        "leave with it, scaled so that all channels together cost as much as with parameters; channels: each counts 1.",
    )
    layer_factors: tuple[LayerFactor, ...] = Field(
        (), max_length=10_000, description="Other strengths for single layers, as factors: `conv1=10` is ten times."
    )
    weight_decay: NonNegativeFloat = Field(
        5e-4, le=1.0, description="L2 penalty on the weights that make a channel, weighted by P(gate > 0)."
    )
    initial_drop_rate: float = Field(0.5, ge=0.01, le=0.99, description="How often a gate is closed at first, roughly.")
    gate_speed: PositiveFloat = Field(
        1.0, le=1e4, description="Learning rate of the gates, in units of the network's: short runs need more than 1."
    )

    @field_validator("layer_factors")
    @classmethod
    def _sort_factors(cls, factors: tuple[str, ...]) -> tuple[str, ...]:
        """The same factors in another order are the same recipe; a layer named twice is refused."""
        names = [factor.rpartition("=")[0] for factor in factors]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the layer `{twice}` is named twice; keep one of its factors")
        return tuple(sorted(factors))

    def factor_of(self, layer: str) -> float:
        """The layer's factor of the strength."""
        return {name: float(value) for name, _, value in (item.rpartition("=") for item in self.layer_factors)}.get(
            layer, 1.0
        )


Regularizer = Annotated[GroupLassoRegularizer | L0HardConcreteRegularizer, Field(discriminator="kind")]

"""Starts: which weights a network is retrained from, once its architecture is found."""

from typing import Annotated, Literal

from pydantic import Field

from backend.domain.spec import Spec


class ContinueStart(Spec):
    """Go on with the weights that are left: fine-tuning."""

    kind: Literal["continue"] = "continue"


class RewindStart(Spec):
    """Give what is left its early weights (Frankle and Carbin 2019, arXiv:1803.03635; 2020, arXiv:1912.05671)."""

    kind: Literal["rewind"] = "rewind"
    to: Literal["initialization", "keep_step"] = Field(
        "keep_step",
        description="initialization: the fresh weights of the dense training; keep_step: those at that step of it.",
    )


class ReinitializeStart(Spec):
    """Draw fresh weights for the thinner network (Liu et al. 2019, arXiv:1810.05270)."""

    kind: Literal["reinitialize"] = "reinitialize"


class SignStart(Spec):
    """Keep nothing but the signs of weights (Zhou et al. 2019, arXiv:1905.01067).

    All weights of a layer get one magnitude, the standard deviation of its fresh weights; biases and norms are fresh.
    """

    kind: Literal["sign_kept"] = "sign_kept"
    of: Literal["initialization", "trained"] = Field(
        "initialization", description="Whose signs: the dense training's fresh weights, or the weights that are left."
    )


Start = Annotated[ContinueStart | RewindStart | ReinitializeStart | SignStart, Field(discriminator="kind")]

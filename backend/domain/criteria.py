"""Criteria: how a channel is scored; a higher score means keep."""

from typing import Annotated, Literal

from pydantic import Field

from backend.domain.spec import Spec


class FisherCriterion(Spec):
    """Score a channel by the rise of the loss when it goes (Theis et al. 2018, arXiv:1801.05787).

    The empirical Fisher information of a mask on the channel, accumulated during ordinary training steps:
    `1/(2N) * sum_n g_nk^2`, with `g_nk` the sum over space of activation times gradient for one example.
    """

    kind: Literal["fisher"] = "fisher"


class MagnitudeCriterion(Spec):
    """Score a channel by the norm of the weights that make it (Li et al. 2017, arXiv:1608.08710)."""

    kind: Literal["magnitude"] = "magnitude"
    norm: Literal[1, 2] = Field(2, description="1: sum of absolute weights; 2: Euclidean norm.")


class RandomCriterion(Spec):
    """Score channels at random: the baseline that every other criterion must beat."""

    kind: Literal["random"] = "random"


Criterion = Annotated[FisherCriterion | MagnitudeCriterion | RandomCriterion, Field(discriminator="kind")]

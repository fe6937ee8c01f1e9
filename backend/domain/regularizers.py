"""Regularizers: what is added to ordinary training so that a network becomes sparse by itself."""

from typing import Literal

from pydantic import Field, PositiveFloat

from backend.domain.spec import Spec


class GroupLassoRegularizer(Spec):
    """Shrink the norm of everything that makes a channel (Wen et al. 2016, arXiv:1608.03665; filter-wise).

    `strength * sum over channels of sqrt(weights of the channel) * norm of its weights`, minimized by a proximal step
    after every optimizer step, so that zeros are exact. Coupled layers count as one.
    """

    kind: Literal["group_lasso"] = "group_lasso"
    strength: PositiveFloat = Field(1e-4, le=1e3, description="Weight of the penalty beside the mean loss.")


Regularizer = GroupLassoRegularizer

"""Criteria: how a channel or a single weight is scored; a higher score means keep."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backend.domain.granularities import ForGranularities, GranularityKind
from backend.domain.spec import Spec


class FisherCriterion(ForGranularities):
    """Score a channel by the rise of the loss when it goes (Theis et al. 2018, arXiv:1801.05787).

    The empirical Fisher information of a mask on the channel, accumulated during ordinary training steps:
    `1/(2N) * sum_n g_nk^2`, with `g_nk` the sum over space of activation times gradient for one example.
    A single weight scores `w^2/(2N) * sum_n g_n^2`, with `g_n` the gradient of one example's loss.
    """

    kind: Literal["fisher"] = "fisher"
    labels: Literal["data", "model"] = Field(
        "data",
        description="Whose gradients are squared. data: those of the training examples, read while training at almost "
        "no cost (the empirical Fisher information); model: those of labels drawn from the network's own answer (the "
        "Fisher information itself), which takes a second backward pass.",
    )


class TaylorCriterion(Spec):
    """Score a channel by the size of the first-order change of the loss when it goes (Molchanov et al. 2017).

    arXiv:1611.06440, eq. 8: `1/N * sum_n |g_nk| / M`, with `g_nk` the sum over the M elements of the channel's map of
    activation times gradient for one example. Gradients of opposite sign do not cancel between examples.
    """

    kind: Literal["taylor"] = "taylor"
    normalization: Literal["layer", "none"] = Field(
        "layer",
        description="layer: scores are divided by the Euclidean norm of their layer's scores, so that layers can be "
        "compared, as the authors do; none: scores as they are.",
    )


class TaylorSquaredCriterion(Spec):
    """Score a channel by the squared first-order change of the loss when it goes (Molchanov et al. 2019).

    arXiv:1906.10771, eq. 8, at a gate on the channel: the mean over mini-batches of `(1/B * sum_n g_nk)^2`, so that
    what differs from example to example cancels.
    """

    kind: Literal["taylor_squared"] = "taylor_squared"
    momentum: float = Field(
        0.9,
        ge=0.0,
        lt=1.0,
        description="Weight of the scores at the last removal in those at the next; 0: each removal starts anew.",
    )


class ObdCriterion(ForGranularities):
    """Score a weight by the rise of the loss when it becomes zero: Optimal Brain Damage (LeCun et al. 1990, NIPS 2).

    `1/2 * h_kk * w_k^2` with the diagonal of the Hessian, estimated over the training steps between removals. A channel
    scores by the sum over the weights that make it.
    """

    kind: Literal["obd"] = "obd"
    curvature: Literal["gauss_newton", "hutchinson"] = Field(
        "gauss_newton",
        description="gauss_newton: of the matrix that LeCun et al. take, never negative, from gradients of drawn "
        "labels; hutchinson: of the Hessian itself, from products with random signs, which is noisier.",
    )


class ObsCriterion(ForGranularities):
    """Score a weight by the rise of the loss when it becomes zero and the others make up for it.

    Optimal Brain Surgeon (Hassibi and Stork 1993, NIPS 5): `w_q^2 / (2 [H^-1]_qq)`; then the weights that stay change
    so that the loss rises least. H is the empirical Fisher information, one block for each layer (Singh and Alistarh
    2020, arXiv:2004.14340).
    """

    kind: Literal["obs"] = "obs"
    damping: float = Field(
        0.1,
        ge=1e-8,
        le=1e3,
        description="Added to the diagonal of H, as a share of the diagonal's mean: less trusts the gradients more.",
    )
    granularities: ClassVar[frozenset[GranularityKind]] = frozenset({"unstructured"})


class MagnitudeCriterion(ForGranularities):
    """Score a channel by the norm of the weights that make it (Li et al. 2017, arXiv:1608.08710).

    A single weight scores `|w|` (Han et al. 2015, arXiv:1506.02626).
    """

    kind: Literal["magnitude"] = "magnitude"
    norm: Literal[1, 2] = Field(2, description="1: sum of absolute weights; 2: Euclidean norm.")


class BatchNormScaleCriterion(Spec):
    """Score a channel by the size of its batch norm's scale, `|gamma|` (Liu et al. 2017, arXiv:1708.06519).

    Small scales say little unless training has made them small: see network slimming. Where several batch norms scale
    the same channel, their mean counts.
    """

    kind: Literal["batch_norm_scale"] = "batch_norm_scale"


class GeometricMedianCriterion(Spec):
    """Score a filter by its distance to all others of its layer (He et al. 2019, arXiv:1811.00250).

    `sum over j of ||w_k - w_j||`: the filter nearest to the layer's geometric median goes first, since the others can
    stand for it. Sums of unlike layers cannot be compared: choose the allocation `uniform`, as the authors do.
    """

    kind: Literal["geometric_median"] = "geometric_median"


class LearnedCriterion(Spec):
    """Score a channel by what the regularizer of the section sparsify learned, such as how likely its gate is open."""

    kind: Literal["learned"] = "learned"
    normalization: Literal["layer", "none"] = Field(
        "none",
        description="none: scores as they are, such as probabilities; layer: scores are divided by the root mean "
        "square of their layer's scores, so that norms of weights, which the group lasso and its kin leave, can be "
        "compared between layers. Zeros stay zeros and go first.",
    )


class RandomCriterion(ForGranularities):
    """Score channels at random: the baseline that every other criterion must beat."""

    kind: Literal["random"] = "random"


Criterion = Annotated[
    FisherCriterion
    | TaylorCriterion
    | TaylorSquaredCriterion
    | ObdCriterion
    | ObsCriterion
    | MagnitudeCriterion
    | BatchNormScaleCriterion
    | GeometricMedianCriterion
    | LearnedCriterion
    | RandomCriterion,
    Field(discriminator="kind"),
]

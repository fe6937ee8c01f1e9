"""How likely gates are open while a regularizer trains them: a few numbers for each layer."""

from typing import Annotated

from pydantic import Field

from backend.domain.spec import Spec

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""Probabilities and shares."""
ByLayer = tuple[Share | None, ...]


class GateProbabilities(Spec):
    """Probabilities that gates are open after a step, over the gates of each tracked layer, in the layout's order.

    A gate belongs to a channel, or to a single weight. Where gates are open or closed at random it is the probability
    of their distribution; where weights or channels are noisy instead, one minus the rate of the dropout that is as
    noisy: `1 / (1 + alpha)`, alpha the variance over the squared mean. Order statistics, to a thousandth. Null in
    layers without gates; coupled layers share numbers, which stand at the first.
    """

    minimum: ByLayer
    lower_quartile: ByLayer = Field(description="Null as well where gates are not random, such as learned masks.")
    median: ByLayer
    upper_quartile: ByLayer
    maximum: ByLayer
    open_share: ByLayer = Field(
        description="Share of the gates that would be open without noise, were this the end; null where the "
        "regularizer leaves that to the removal."
    )

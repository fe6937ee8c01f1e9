"""Granularities: what one decision removes."""

from typing import Literal

from backend.domain.spec import Spec


class ChannelGranularity(Spec):
    """Remove whole channels (feature maps, hidden units), so that the network becomes physically thinner."""

    kind: Literal["channel"] = "channel"


Granularity = ChannelGranularity

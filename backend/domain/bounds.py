"""Which widths each channel group may end at: minimum width, multiples and pins."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil, gcd, lcm
from typing import Self

from backend.domain.allocations import ByLayer
from backend.domain.network import ChannelGroupInfo, NetworkSummary
from backend.domain.pruning import Prune

_UNITS_OF_SEVERAL = frozenset({"head", "group"})
"""Units that are blocks of neighboring channels: the block counts for the layer's width."""


@dataclass(frozen=True)
class WidthBounds:
    """The widths one channel group may end at: the dense one, and multiples of `multiple` from `floor` on."""

    dense: int
    floor: int
    """The thinnest of them; `dense` where the group stays whole."""
    multiple: int

    @classmethod
    def of(cls, group: ChannelGroupInfo, prune: Prune, *, is_pinned: bool) -> Self:
        """A group that is pinned, or too thin for any smaller multiple, stays whole.

        Minimum width and width multiple count channels of the layer, so a unit of 64 channels (a head) meets both.
        """
        span = gcd(*group.output_spans, *group.input_spans) or 1 if group.unit in _UNITS_OF_SEVERAL else 1
        multiple = lcm(group.multiple, prune.width_multiple // gcd(prune.width_multiple, span))
        thinnest = ceil(ceil(prune.minimum_width / span) / multiple) * multiple
        floor = group.width if is_pinned else min(thinnest, group.width)
        return cls(group.width, floor, multiple)

    def allows(self, width: int) -> bool:
        """A group may end at this width."""
        return width == self.dense or (self.floor <= width and width % self.multiple == 0)

    def below(self, width: int) -> int | None:
        """The next thinner width at which the group may end; None at the floor."""
        thinner = (width - 1) // self.multiple * self.multiple
        return thinner if thinner >= self.floor else None

    def holding(self, count: int, present: int) -> int:
        """The thinnest width for `count` channels that the group may end at; `present` where no thinner one will do."""
        return min(present, max(self.floor, ceil(count / self.multiple) * self.multiple))


def width_bounds(summary: NetworkSummary, prune: Prune) -> Mapping[str, WidthBounds]:
    """Bounds by group, in forward order."""
    pinned = pinned_groups(summary, prune.pins)
    return {group.name: WidthBounds.of(group, prune, is_pinned=group.name in pinned) for group in summary.groups}


def pinned_groups(summary: NetworkSummary, pins: tuple[str, ...]) -> frozenset[str]:
    """Groups that stay whole because they hold output channels of a pinned layer."""
    chosen = frozenset(pins)
    return frozenset(group.name for group in summary.groups if not chosen.isdisjoint(group.layers))


@dataclass(frozen=True)
class UnknownPin:
    """A pin that names no layer of the network."""

    name: str
    layers: tuple[str, ...]
    """The names that there are."""

    @property
    def detail(self) -> str:
        """A sentence that says what is wrong, and what was probably meant: the layer whose name is most alike.

        To compare names is slow; a recipe may hold thousands of wrong ones, of which a few are told.
        """
        nearest = get_close_matches(self.name, self.layers, n=1, cutoff=0.0)
        guess = f"; did you mean `{nearest[0]}`?" if nearest else "."
        return f"The network has no layer `{self.name}`{guess}"


def unknown_pins(summary: NetworkSummary, pins: tuple[str, ...]) -> tuple[UnknownPin, ...]:
    """The pins that name no layer."""
    layers = tuple(dict.fromkeys([layer.name for layer in summary.layers] + [lock.layer for lock in summary.locks]))
    known = frozenset(layers)
    return tuple(UnknownPin(pin, layers) for pin in pins if pin not in known)


def factored_layers(prune: Prune) -> tuple[str, ...]:
    """The layers that the allocation treats in another way than the rest."""
    return tuple(prune.allocation.factors) if isinstance(prune.allocation, ByLayer) else ()

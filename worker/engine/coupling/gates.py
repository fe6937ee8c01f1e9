"""Gate sites: where multiplying channels by a mask is exactly their removal."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from worker.engine.coupling.example_axes import FIRST, ExampleAxes, ExampleAxis
from worker.engine.coupling.identities import Ids
from worker.engine.coupling.movement import KEEPS_VALUES
from worker.engine.coupling.settling import truly_varying_axes
from worker.engine.coupling.values import Read, Trace, Value
from worker.engine.graph import Network
from worker.engine.graph.schema import Reference


@dataclass(frozen=True)
class GateSite:
    """A node whose output holds channels of a group just before a layer reads them, so after norm and activation.

    Masking there is removal, also in front of a batch norm in training mode. The Fisher sum is the same before and
    after ReLU and pooling, and this is the smallest tensor.
    """

    node: str
    axis: int
    """Channel axis of the node's output (N, ...)."""
    index: Tensor
    """Positions along `axis` of each of the group's channels, int64 (width, k); k > 1 where a channel has several."""
    readers: frozenset[str]
    """Nodes that take the output to where layers read the channels; others carry it on, a shortcut's sum for one."""
    examples: ExampleAxis = FIRST
    """Where the examples of a batch are in the node's output."""


class SiteFinder:
    """Finds the sites of reads; what it learns of the graph it keeps for the next group."""

    def __init__(self, network: Network, found: Trace, roots: Ids, examples: ExampleAxes) -> None:
        self._values = found.values
        self._roots = roots
        self._steps = {step.node.name: step for step in network.steps}
        self._examples = examples
        self._position = np.full(len(roots), -1)

    def site(self, read: Read, places: Ids, family: Ids) -> GateSite | None:
        """Where to mask the channels with root ids `family` that lie at `places` (width, k) of what is read.

        That is the value that is read; or one that was moved to it, where examples are easier to tell apart, or where
        each channel has fewer places (before a flatten). None where no mask can be placed that fits every batch.
        """
        sites = [self._site(read.source, read.axis, places, read.node)]
        is_simple = places.shape[1] == 1 and self._examples.are_first
        mover, earlier = read.source, None if is_simple else self._moved_from(read.source)
        if earlier is not None:
            self._position[family] = np.arange(len(family))
            while earlier is not None:
                located = self._located(self._values[earlier], len(family))
                if located is not None:
                    sites.append(self._site(earlier, *located, mover))
                mover, earlier = earlier, self._moved_from(earlier)
            self._position[family] = -1
        return min((site for site in sites if site is not None), key=_difficulty, default=None)

    def _site(self, name: str, axis: int, places: Ids, reader: str) -> GateSite | None:
        """A mask along an axis of a node's output; None when its size follows the batch, or examples are not found."""
        examples = self._examples.of(name)
        if examples is None or not self._examples.is_free_of_examples(name, axis):
            return None
        return GateSite(name, axis, torch.from_numpy(np.ascontiguousarray(places)), frozenset({reader}), examples)

    def _moved_from(self, name: str) -> str | None:
        """The only value whose elements a node moves; None when it does more."""
        step = self._steps.get(name)
        if step is None or step.kind not in KEEPS_VALUES:
            return None
        sources = [argument.node for argument in step.args if isinstance(argument, Reference)]
        is_single = len(sources) == 1 and isinstance(self._values[sources[0]], Value)
        return sources[0] if is_single else None

    def _located(self, value: Value, width: int) -> tuple[int, Ids] | None:
        """Axis and places (width, k) of the channels in a value; None unless all lie along one axis, equally often."""
        for layer in value.layers:
            positions = self._position[self._roots[layer]]
            axes = truly_varying_axes(positions)
            if len(axes) != 1 or axes[0] == 0:
                continue
            line = positions.max(tuple(axis for axis in range(layer.ndim) if axis != axes[0]))
            held = np.flatnonzero(line >= 0)
            order = held[np.argsort(line[held], kind="stable")]
            if len(held) and len(held) % width == 0 and bool((np.bincount(line[held]) == len(held) // width).all()):
                return axes[0], order.reshape(width, -1)
        return None


def joined(sites: Iterable[GateSite]) -> dict[str, GateSite]:
    """The sites by node: one for all that read there."""
    by_node: dict[str, GateSite] = {}
    for site in sites:
        earlier = by_node.get(site.node, site)
        by_node[site.node] = replace(site, readers=earlier.readers | site.readers)
    return by_node


def _difficulty(site: GateSite) -> tuple[bool, bool, int]:
    """What makes a site worse than another: examples beside something else, or on a later axis; places per channel."""
    return site.examples.order != "alone", site.examples.axis != 0, site.index.size(1)

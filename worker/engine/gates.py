"""Gates at the channels' smallest post-activation tensors: they mask channels, and read the signal there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, fx, nn

from worker.engine.coupling import CellSite, ChannelGroup, GateSite
from worker.engine.signal import Signal
from worker.engine.unrolled import Unrolled

_CHUNK_BYTES = 2**22
"""Products are made in pieces that stay in the processor's cache: up to six times faster, the same sums."""
_VECTOR_AXES = 2
"""Axes of a batch of vectors (N, K)."""


def channel_products(activation: Tensor, gradient: Tensor, axis: int) -> Tensor:
    """Sum activation times gradient over all axes but the batch and the channels: (N, K) float32 or wider."""
    if activation.dtype in (torch.bfloat16, torch.float16):
        activation, gradient = activation.float(), gradient.float()
    if activation.dim() == _VECTOR_AXES:
        return activation * gradient
    activation, gradient = (value.movedim(axis, -1).flatten(1, -2) for value in (activation, gradient))
    if activation.device.type != "cpu":
        return (activation * gradient).sum(1)
    examples = max(1, _CHUNK_BYTES // activation[0].nbytes)
    parts = zip(torch.split(activation, examples), torch.split(gradient, examples), strict=True)
    return torch.cat([(left * right).sum(1) for left, right in parts])


class Gate(nn.Module):
    """Multiplies a group's channels by its mask (nothing is done while all are on) and shows them to the signal."""

    def __init__(self, group: str, site: GateSite, signal: Signal, *, has_taps: bool) -> None:
        super().__init__()
        self._group = group
        self._axis = site.axis
        self._index = site.index
        self._examples = site.examples
        self._signal = signal
        self._has_taps = has_taps
        """Taps show the channels on their way to those who read them."""
        self._on: Tensor | None = None
        self._mask: Tensor | None = None

    def set_mask(self, on: Tensor) -> None:
        """Close the channels that are off; `on` is bool (K,) on the CPU."""
        self._on = None if bool(on.all()) else on
        self._mask = None

    def forward(self, values: Tensor) -> Tensor:
        """Mask the channels of `values` (N, ..., K, ...) along the gate's axis."""
        if self._on is not None:
            if self._mask is None:
                self._mask = self._spread(self._on, values)
            values = values * self._mask.to(values.dtype)
        return values if self._has_taps else self.show(values)

    def show(self, values: Tensor) -> Tensor:
        """Let the signal see masked values on their way."""
        if self._signal.is_reading and values.requires_grad:
            self._signal.watch(values, self._read)
        return values

    def _spread(self, on: Tensor, values: Tensor) -> Tensor:
        """Place the group's mask among all channels of the axis, which other groups may share."""
        mask = torch.ones(values.size(self._axis), dtype=torch.bool)
        mask[self._index] = on[:, None]
        shape = [1] * values.dim()
        shape[self._axis] = -1
        return mask.view(shape).to(values.device)

    def _read(self, activation: Tensor, gradient: Tensor) -> None:
        first = self._examples.axis
        elements = activation.numel() // activation.size(self._axis) * self._index.size(1)
        activation, gradient = activation.movedim(first, 0), gradient.movedim(first, 0)
        product = channel_products(activation, gradient, self._axis + (self._axis < first))
        if tuple(self._index.shape) != (product.size(1), 1):
            product = product[:, self._index.to(product.device)].sum(-1)
        self._signal.read(self._group, product, elements, self._examples.order)


class Tap(nn.Module):
    """Shows what gates let through, on its way to the nodes that read it.

    Where a shortcut carries the same values on to the group's next gate, what comes back from there is counted there: a
    stream with n gates one behind another would otherwise count n times, and its squares n^2 times.
    """

    def __init__(self, gates: Sequence[Gate]) -> None:
        super().__init__()
        self._shows = [gate.show for gate in gates]

    def forward(self, values: Tensor) -> Tensor:
        """Pass on `values` as a tensor of its own, whose gradient is the readers' alone."""
        values = values.view_as(values)
        for show in self._shows:
            show(values)
        return values


class Gates:
    """The gates of a module, inserted into its graph at the groups' sites."""

    def __init__(self, module: fx.GraphModule, groups: Sequence[ChannelGroup], signal: Signal | None = None) -> None:
        self.signal = signal or Signal()
        self._gates: dict[str, list[Gate]] = {group.name: [] for group in groups}
        nodes = {node.name: node for node in module.graph.nodes}
        sites: dict[str, list[tuple[str, GateSite]]] = defaultdict(list)
        for group in groups:
            for site in group.gates:
                sites[site.node].append((group.name, site))
        for name, found in sites.items():
            self._insert(module, nodes[name], found)
        _unroll(module, nodes, groups, self.signal)
        module.graph.lint()
        module.recompile()

    def apply(self, on: Mapping[str, Tensor]) -> None:
        """Set every group's mask, bool (K,)."""
        for name, gates in self._gates.items():
            for gate in gates:
                gate.set_mask(on[name])

    def _insert(self, module: fx.GraphModule, node: fx.Node, sites: Sequence[tuple[str, GateSite]]) -> None:
        """Put the gates of several groups behind one node, and taps in front of those who read, if others do not."""
        users = list(node.users)
        names = frozenset(user.name for user in users)
        tapped: dict[fx.Node, list[Gate]] = defaultdict(list)
        last = node
        for group, site in sites:
            has_taps = site.readers < names
            gate = Gate(group, site, self.signal, has_taps=has_taps)
            self._gates[group].append(gate)
            last = _behind(module, last, users, f"gate_{group}_{node.name}", gate)
            for user in users if has_taps else ():
                if user.name in site.readers:
                    tapped[user].append(gate)
        alike: dict[tuple[Gate, ...], list[fx.Node]] = defaultdict(list)
        for user, gates in tapped.items():
            alike[tuple(gates)].append(user)
        for shown, readers in alike.items():
            _behind(module, last, readers, f"tap_{node.name}_{readers[0].name}", Tap(shown))


def _behind(
    module: fx.GraphModule, source: fx.Node, users: Sequence[fx.Node], name: str, inserted: nn.Module
) -> fx.Node:
    """Let `users` take the output of a new module in place of its input, that of `source`."""
    name = name.replace(".", "_")
    module.add_module(name, inserted)
    with module.graph.inserting_after(source):
        node = module.graph.call_module(name, (source,))
    for user in users:
        user.replace_input_with(source, node)
    return node


def _unroll(
    module: fx.GraphModule, nodes: Mapping[str, fx.Node], groups: Sequence[ChannelGroup], signal: Signal
) -> None:
    """Let recurrent layers show the units that they read inside; operations that are no modules cannot."""
    found: dict[str, list[tuple[ChannelGroup, CellSite]]] = defaultdict(list)
    for group in groups:
        for cell in group.cells:
            found[cell.node].append((group, cell))
    names = {parameter: name for name, parameter in module.named_parameters()}
    for name, owners in found.items():
        node = nodes[name]
        layer = module.get_submodule(str(node.target)) if node.op == "call_module" else None
        if isinstance(layer, nn.RNNBase):
            gates: dict[str, list[Gate]] = defaultdict(list)
            for group, cell in owners:
                for weight, site in _inner_sites(group, cell, layer, names):
                    gates[weight].append(Gate(group.name, site, signal, has_taps=True))
            taps = {weight: Tap(shown) for weight, shown in gates.items()}
            node.target = f"unrolled_{name}".replace(".", "_")
            module.add_module(node.target, Unrolled(layer, taps, lambda: signal.is_watching))


def _inner_sites(
    group: ChannelGroup, cell: CellSite, layer: nn.RNNBase, names: Mapping[nn.Parameter, str]
) -> Iterator[tuple[str, GateSite]]:
    """The layer's weights that read the group's units, and where the units are in what each of them is given."""
    members = {member.tensor: member for member in group.members if member.axis == 1 and not member.makes}
    for weight, parameter in layer.named_parameters():
        member = members.get(names[parameter])
        if member is None or weight.startswith("weight_ih_l0"):  # which reads what other nodes show
            continue
        examples = replace(cell.examples, axis=1 if weight.startswith("weight_ih") else 0)
        yield weight, GateSite(cell.node, examples.axis + 1, member.index, frozenset(), examples)

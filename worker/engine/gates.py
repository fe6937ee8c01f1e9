"""Gates at the channels' smallest post-activation tensors: they mask channels, and read the Fisher signal there."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, fx, nn

from worker.engine.coupling import ChannelGroup, GateSite
from worker.engine.coupling.example_axes import Order

_CHUNK_BYTES = 2**22
"""Products are made in pieces that stay in the processor's cache: up to six times faster, the same sums."""
_VECTOR_AXES = 2
"""Axes of a batch of vectors (N, K)."""


class FisherSignal:
    """Mean over examples of g_nk^2, where g_nk = sum over space of activation times gradient (Theis et al. 2018).

    The loss must be the mean over the mini-batch: `finish_batch` undoes that mean, so that the signal does not
    depend on how the examples were batched.
    """

    def __init__(self) -> None:
        self.is_reading = False
        self._gradients: dict[str, dict[tuple[int, Order], Tensor]] = {}
        """Of every group, sums by their number of rows and the order of examples among them."""
        self._squares: dict[str, Tensor] = {}
        self._count = 0

    def read(self, group: str, product: Tensor, order: Order = "alone") -> None:
        """Add one gate site's `sum(activation * gradient)`, (N, K), to the group's; sites add before the square.

        A site may have several rows for each example: next to each other (N * windows, K) where examples are
        outermost, or in turns (tokens * N, K) where they are innermost.
        """
        sums, key = self._gradients.setdefault(group, {}), (len(product), order)
        earlier = sums.get(key)
        sums[key] = product if earlier is None else earlier + product

    def finish_batch(self, batch_size: int) -> None:
        """Square and accumulate what a backward pass of a mean loss over `batch_size` examples left."""
        for group, sums in self._gradients.items():
            first, *others = (_by_example(rows, batch_size, order) for (_, order), rows in sums.items())
            gradient = sum(others, first)
            square = gradient.square().sum(0).double() * batch_size**2
            earlier = self._squares.get(group)
            self._squares[group] = square if earlier is None else earlier + square
        self._gradients.clear()
        self._count += batch_size

    def means(self) -> dict[str, Tensor]:
        """`1/N sum_n g_nk^2` per group, float64 (K,), on the device; empty before the first batch."""
        return {group: squares / self._count for group, squares in self._squares.items()}

    def reset(self) -> None:
        """Forget everything read so far."""
        self._gradients.clear()
        self._squares.clear()
        self._count = 0


def _by_example(rows: Tensor, batch_size: int, order: Order) -> Tensor:
    """Add the rows of each example: (N * k, K) to (N, K)."""
    if order == "alone":
        return rows
    if order == "outermost":
        return rows.reshape(batch_size, -1, rows.size(1)).sum(1)
    return rows.reshape(-1, batch_size, rows.size(1)).sum(0)


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

    def __init__(self, group: str, site: GateSite, signal: FisherSignal) -> None:
        super().__init__()
        self._group = group
        self._axis = site.axis
        self._index = site.index
        self._examples = site.examples
        self._signal = signal
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
        if self._signal.is_reading and values.requires_grad:
            held = [values.detach()]  # popped, so that its memory is free for the rest of the backward pass
            values.register_hook(lambda gradient: self._read(held.pop(), gradient))  # type: ignore[no-untyped-call]
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
        activation, gradient = activation.movedim(first, 0), gradient.movedim(first, 0)
        product = channel_products(activation, gradient, self._axis + (self._axis < first))
        if tuple(self._index.shape) != (product.size(1), 1):
            product = product[:, self._index.to(product.device)].sum(-1)
        self._signal.read(self._group, product, self._examples.order)


class Gates:
    """The gates of a module, inserted into its graph at the groups' sites."""

    def __init__(self, module: fx.GraphModule, groups: Sequence[ChannelGroup]) -> None:
        self.signal = FisherSignal()
        self._gates: dict[str, list[Gate]] = {group.name: [] for group in groups}
        nodes = {node.name: node for node in module.graph.nodes}
        for group in groups:
            for site in group.gates:
                gate = Gate(group.name, site, self.signal)
                self._gates[group.name].append(gate)
                _insert(module, nodes[site.node], f"gate_{group.name}_{site.node}".replace(".", "_"), gate)
        module.graph.lint()
        module.recompile()

    def apply(self, on: Mapping[str, Tensor]) -> None:
        """Set every group's mask, bool (K,)."""
        for name, gates in self._gates.items():
            for gate in gates:
                gate.set_mask(on[name])


def _insert(module: fx.GraphModule, site: fx.Node, name: str, gate: Gate) -> None:
    module.add_module(name, gate)
    with module.graph.inserting_after(site):
        node = module.graph.call_module(name, (site,))
    site.replace_all_uses_with(node, delete_user_cb=lambda user: user is not node)

"""Counts of a network whose channel groups are thinned to given widths, from its summary alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Self, TypeAlias

from backend.domain.network import AxisShares, ChannelGroupInfo, Layer, NetworkSummary

Names: TypeAlias = tuple[str, ...]
Spans: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Share:
    """A group in one layer."""

    group: ChannelGroupInfo
    span: int
    """How many of the layer's channels each of the group's units holds; 0 where that is not known."""


@dataclass(frozen=True)
class Width:
    """A layer's width as a linear form of the groups' widths: `fixed + sum(multiplicity * width of group)`."""

    fixed: int
    parts: tuple[tuple[str, int], ...] = ()
    """Group name and how many of the layer's channels each of the group's channels holds (a flatten holds several)."""

    @classmethod
    def of(cls, dense: int, shares: Sequence[Share]) -> Self:
        """Take a dense width apart: what each group holds of it, where that is known, else spread evenly."""
        held = sum(share.group.width * (share.span or 1) for share in shares)
        if not held or held > dense:
            return cls(dense)
        if all(share.span for share in shares):
            return cls(dense - held, tuple((share.group.name, share.span) for share in shares))
        multiplicity = dense // held
        return cls(dense - multiplicity * held, tuple((share.group.name, multiplicity) for share in shares))

    def at(self, widths: Mapping[str, int]) -> int:
        """Evaluate at the given widths of the groups."""
        return self.fixed + sum(multiplicity * widths[name] for name, multiplicity in self.parts)


@dataclass(frozen=True)
class LayerSize:
    """How one layer's counts follow from the widths of the channel groups."""

    name: str
    outputs: tuple[Width, ...]
    """Their product is the width: one but for products with a parameter of several such axes."""
    fan_in: Width
    window: int
    """Weights per pair of channels: K^2."""
    places: int
    """Output positions: H * W, or the tokens that a fully connected layer is applied to."""
    parameters_per_channel: int
    """Bias and norm parameters of one output channel."""

    @classmethod
    def of(cls, layer: Layer, outputs: Sequence[Share], inputs: Sequence[Share], dense: Mapping[str, int]) -> Self:
        """Read a layer's record; `outputs` and `inputs` are the groups that hold its output and its input channels.

        The fan-in of a grouped convolution follows only groups that hold as many channels of each of its blocks.
        """
        window, places = prod(layer.kernel), prod(layer.output_size)
        if layer.type in ("linear", "product"):  # applied to every token of a sequence alike
            places = max(1, layer.macs // (layer.in_width * layer.width))
        fan_in = layer.macs // (window * places * layer.width)
        blocks = layer.in_width // fan_in if fan_in else 0
        weights = fan_in * window * layer.width
        return cls(
            name=layer.name,
            outputs=_widths(layer.axes, dense) or (Width.of(layer.width, outputs),),
            fan_in=Width.of(fan_in, _shares_of_block(inputs, blocks)),
            window=window,
            places=places,
            parameters_per_channel=(layer.parameters - weights) // layer.width,
        )

    @property
    def is_prunable(self) -> bool:
        """Whether its width follows that of a group."""
        return any(axis.parts for axis in self.outputs)

    def width(self, widths: Mapping[str, int]) -> int:
        """Output channels."""
        return prod(axis.at(widths) for axis in self.outputs)

    def macs(self, widths: Mapping[str, int]) -> int:
        """Multiply-accumulate operations for one example."""
        return self.places * self.weights(widths)

    def weights(self, widths: Mapping[str, int]) -> int:
        """Elements of its kernels."""
        return self.width(widths) * self.fan_in.at(widths) * self.window

    def vectors(self, widths: Mapping[str, int]) -> int:
        """Biases and norm parameters."""
        return self.width(widths) * self.parameters_per_channel


def _shares_of_block(inputs: Sequence[Share], blocks: int) -> Sequence[Share]:
    """What the groups hold of each of the `blocks` that a convolution's input channels are divided into."""
    if blocks == 1:
        return inputs
    if not blocks or any(not share.span or share.span % blocks for share in inputs):
        return ()
    return [replace(share, span=share.span // blocks) for share in inputs]


def _shares(groups: Iterable[tuple[ChannelGroupInfo, Names, Spans]]) -> Mapping[str, list[Share]]:
    """The groups in each layer, from each group's layers and its spans there."""
    shares: dict[str, list[Share]] = defaultdict(list)
    for group, names, spans in groups:
        for name, span in zip(names, spans or (0,) * len(names), strict=True):
            shares[name].append(Share(group, span))
    return shares


@dataclass(frozen=True)
class Counts:
    """Size of a network at some widths."""

    macs: int
    parameters: int
    channels: int
    """Prunable channels, each group's counted once."""


@dataclass(frozen=True)
class Form:
    """An amount, of operations or of parameters, that is a product of linear forms of the groups' widths."""

    layer: str
    """The layer that it counts for; empty for none."""
    amount: int
    """In the dense network."""
    axes: tuple[Width, ...]
    sizes: int
    """Product of the axes in the dense network, by which the amount can be divided."""

    @classmethod
    def of(cls, layer: str, amount: int, axes: tuple[Width, ...], dense: Mapping[str, int]) -> Self:
        """Take the sizes at the `dense` widths."""
        return cls(layer, amount, axes, prod(axis.at(dense) for axis in axes))

    def lost(self, widths: Mapping[str, int]) -> int:
        """What is lost at the given widths."""
        return self.amount - self.amount // self.sizes * prod(axis.at(widths) for axis in self.axes)


def _operations(summary: NetworkSummary, layers: Sequence[LayerSize], dense: Mapping[str, int]) -> tuple[Form, ...]:
    """Operations that follow the widths; from layers and weights in summaries from before they were listed."""
    if summary.operations is not None:
        return tuple(
            Form.of(found.layer, found.macs, _widths(found.axes, dense), dense) for found in summary.operations
        )
    products = ((group.name, group.product_macs * group.width) for group in summary.groups)
    forms = (
        *((weight.layer, weight.macs, _widths(weight.axes, dense)) for weight in summary.weights),
        *(("", macs, (Width(0, ((name, 1),)),)) for name, macs in products),
    )
    if not summary.weights:
        forms = tuple((layer.name, layer.macs(dense), (layer.fan_in, *layer.outputs)) for layer in layers)
    return tuple(Form.of(name, macs, axes, dense) for name, macs, axes in forms if macs)


def _parameters(summary: NetworkSummary, layers: Sequence[LayerSize], dense: Mapping[str, int]) -> tuple[Form, ...]:
    """Parameters that follow the widths; from layers in summaries of the first release."""
    forms = (
        *((weight.layer, weight.parameters, _widths(weight.axes, dense)) for weight in summary.weights),
        *(("", group.vector_parameters * group.width, (Width(0, ((group.name, 1),)),)) for group in summary.groups),
    )
    if not summary.weights:
        forms = (
            *((layer.name, layer.weights(dense), (layer.fan_in, *layer.outputs)) for layer in layers),
            *((layer.name, layer.vectors(dense), layer.outputs) for layer in layers),
        )
    return tuple(Form.of(name, parameters, axes, dense) for name, parameters, axes in forms if parameters)


def _widths(axes: Sequence[AxisShares], dense: Mapping[str, int]) -> tuple[Width, ...]:
    return tuple(Width(axis.size - sum(span * dense[name] for name, span in axis.groups), axis.groups) for axis in axes)


@dataclass(frozen=True)
class ShrinkingShare:
    """Part of a layer's operations, which is a product of linear forms of the groups' widths."""

    layer: str
    share: float
    """Of the layer's operations in the dense network; all that shrinks in a layer together is at most 1."""
    axes: tuple[Width, ...]


@dataclass(frozen=True)
class SizeModel:
    """Counts as functions of the widths of the channel groups.

    Exact in parameters and operations, as they are counted in the network that is cut to these widths. An axis of which
    the units of a group do not all hold as many positions counts as in the dense network, so that a target in MACs is
    met on the safe side; so do token mixers and thinner heads in summaries from before all operations were listed.
    """

    layers: tuple[LayerSize, ...]
    dense_widths: Mapping[str, int]
    dense: Counts
    """Counts of the network as it came."""
    operations: tuple[Form, ...]
    """All that get fewer with the widths."""
    parameters: tuple[Form, ...]
    layer_macs: Mapping[str, int]
    """Operations of every layer of the dense network."""

    @classmethod
    def of(cls, summary: NetworkSummary) -> Self:
        """Read a network's summary."""
        widths = {group.name: group.width for group in summary.groups}
        outputs = _shares((group, group.layers, group.output_spans) for group in summary.groups)
        inputs = _shares((group, group.consumers, group.input_spans) for group in summary.groups)
        layers = tuple(
            LayerSize.of(layer, outputs.get(layer.name, ()), inputs.get(layer.name, ()), widths)
            for layer in summary.layers
        )
        layer_macs: Counter[str] = Counter()
        for layer in summary.layers:
            layer_macs[layer.name] += layer.macs
        return cls(
            layers=layers,
            dense_widths=widths,
            dense=Counts(summary.macs, summary.parameters, sum(widths.values())),
            operations=_operations(summary, layers, widths),
            parameters=_parameters(summary, layers, widths),
            layer_macs=layer_macs,
        )

    def counts(self, widths: Mapping[str, int]) -> Counts:
        """Counts at the given widths of the groups."""
        return Counts(
            macs=self.dense.macs - sum(form.lost(widths) for form in self.operations),
            parameters=self.dense.parameters - sum(form.lost(widths) for form in self.parameters),
            channels=sum(widths.values()),
        )

    def lost_macs(self, widths: Mapping[str, int]) -> Mapping[str, int]:
        """Operations that each layer loses at the given widths, by name; layers that lose none may be left out."""
        lost: dict[str, int] = defaultdict(int)
        for form in self.operations:
            if form.layer:
                lost[form.layer] += form.lost(widths)
        return lost

    def shrinking_shares(self) -> tuple[ShrinkingShare, ...]:
        """What of each layer's operations follows the widths: `lost_macs` as forms, for many widths at once."""
        forms = (form for form in self.operations if form.layer)
        return tuple(ShrinkingShare(form.layer, form.amount / self.layer_macs[form.layer], form.axes) for form in forms)

    def layer_widths(self, widths: Mapping[str, int]) -> tuple[int, ...]:
        """Output width of every layer, in forward order."""
        return tuple(layer.width(widths) for layer in self.layers)

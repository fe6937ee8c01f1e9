"""Counts of a network whose channel groups are thinned to given widths, from its summary alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Self

from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary


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
    output: Width
    fan_in: Width
    window: int
    """Weights per pair of channels: K^2."""
    places: int
    """Output positions: H * W."""
    parameters_per_channel: int
    """Bias and norm parameters of one output channel."""

    @classmethod
    def of(cls, layer: Layer, groups: tuple[ChannelGroupInfo, ...]) -> Self:
        """Read a layer's record; a grouped convolution's fan-in does not follow its input width."""
        window, places = prod(layer.kernel), prod(layer.output_size)
        fan_in = layer.macs // (window * places * layer.width)
        is_full = fan_in == layer.in_width
        weights = fan_in * window * layer.width
        return cls(
            name=layer.name,
            output=Width.of(layer.width, output_shares(layer.name, groups)),
            fan_in=Width.of(fan_in, input_shares(layer.name, groups) if is_full else ()),
            window=window,
            places=places,
            parameters_per_channel=(layer.parameters - weights) // layer.width,
        )

    def macs(self, widths: Mapping[str, int]) -> int:
        """Multiply-accumulate operations for one example."""
        return self.places * self.window * self.fan_in.at(widths) * self.output.at(widths)

    def parameters(self, widths: Mapping[str, int]) -> int:
        """Weights, biases and norm parameters."""
        return self.output.at(widths) * (self.fan_in.at(widths) * self.window + self.parameters_per_channel)


def output_shares(layer: str, groups: Iterable[ChannelGroupInfo]) -> tuple[Share, ...]:
    """The groups that hold output channels of a layer."""
    return tuple(
        Share(group, _span(group.output_spans, group.layers, layer)) for group in groups if layer in group.layers
    )


def input_shares(layer: str, groups: Iterable[ChannelGroupInfo]) -> tuple[Share, ...]:
    """The groups that hold input channels of a layer."""
    return tuple(
        Share(group, _span(group.input_spans, group.consumers, layer)) for group in groups if layer in group.consumers
    )


def _span(spans: tuple[int, ...], names: tuple[str, ...], layer: str) -> int:
    return spans[names.index(layer)] if spans else 0


@dataclass(frozen=True)
class Counts:
    """Size of a network at some widths."""

    macs: int
    parameters: int
    channels: int
    """Prunable channels, each group's counted once."""


@dataclass(frozen=True)
class SizeModel:
    """Counts as functions of the widths of the channel groups."""

    layers: tuple[LayerSize, ...]
    dense_widths: Mapping[str, int]
    other_macs: int
    other_parameters: int

    @classmethod
    def of(cls, summary: NetworkSummary) -> Self:
        """Read a network's summary."""
        layers = tuple(LayerSize.of(layer, summary.groups) for layer in summary.layers)
        dense = {group.name: group.width for group in summary.groups}
        other_macs = summary.macs - sum(layer.macs(dense) for layer in layers)
        other_parameters = summary.parameters - sum(layer.parameters(dense) for layer in layers)
        return cls(layers, dense, other_macs, other_parameters)

    @property
    def dense(self) -> Counts:
        """Counts of the network as it came."""
        return self.counts(self.dense_widths)

    def counts(self, widths: Mapping[str, int]) -> Counts:
        """Counts at the given widths of the groups."""
        return Counts(
            macs=self.other_macs + sum(layer.macs(widths) for layer in self.layers),
            parameters=self.other_parameters + sum(layer.parameters(widths) for layer in self.layers),
            channels=sum(widths.values()),
        )

    def layer_widths(self, widths: Mapping[str, int]) -> tuple[int, ...]:
        """Output width of every layer, in forward order."""
        return tuple(layer.output.at(widths) for layer in self.layers)

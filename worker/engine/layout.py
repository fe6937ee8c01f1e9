"""The layers a run's histories speak of, and the sizes recorded at every step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from backend.domain import metrics
from backend.domain.network import NetworkSummary
from backend.domain.reports import RunLayout, TrackedLayer, Zeros
from backend.domain.thinning import SizeModel
from backend.domain.weights import WeightModel


def layout_of_weights(summary: NetworkSummary, model: WeightModel) -> RunLayout:
    """Track every layer of a network whose single weights become zero, in forward order."""
    counts = {layer.place: layer for layer in model.layers}
    layers = tuple(
        TrackedLayer(
            name=layer.name,
            dense_width=layer.width,
            is_prunable=place in counts and counts[place].floor < counts[place].count,
            dense_weights=counts[place].count if place in counts else 0,
        )
        for place, layer in enumerate(summary.layers)
    )
    return RunLayout(
        layers=layers, dense_macs=summary.macs, dense_parameters=summary.parameters, granularity="unstructured"
    )


def layout_of(summary: NetworkSummary, model: SizeModel) -> RunLayout:
    """Track every layer, prunable or not, in forward order."""
    layers = tuple(
        TrackedLayer(name=layer.name, dense_width=layer.width, is_prunable=size.is_prunable)
        for layer, size in zip(summary.layers, model.layers, strict=True)
    )
    return RunLayout(layers=layers, dense_macs=summary.macs, dense_parameters=summary.parameters)


@dataclass(frozen=True)
class Size:
    """A network's size as step records and operating points give it."""

    sparsity: float
    macs: int
    parameters: int
    widths: tuple[int, ...]
    zeros: Zeros | None = None
    """Where single weights go."""

    def with_layers(self, change: Callable[[tuple[int, ...]], tuple[int, ...]]) -> "Size":
        """The same size with other tracked layers: `change` is told their numbers in forward order."""
        zeros = None if self.zeros is None else self.zeros.model_copy(update={"left": change(self.zeros.left)})
        return replace(self, widths=change(self.widths), zeros=zeros)


def size_at(model: SizeModel, widths: Mapping[str, int]) -> Size:
    """Size at the given widths of the channel groups."""
    counts = model.counts(widths)
    return Size(
        sparsity=metrics.sparsity(counts.channels, model.dense.channels),
        macs=counts.macs,
        parameters=counts.parameters,
        widths=model.layer_widths(widths),
    )

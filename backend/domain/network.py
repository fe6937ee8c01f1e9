"""What the web may know of a model: its layers, its channel groups and its counts, but no tensor."""

from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from backend.domain import metrics
from backend.domain.spec import Spec

LayerType = Literal["conv", "linear"]


class Layer(Spec):
    """One convolution or fully connected layer, with the batch norm that follows it counted in."""

    name: str
    type: LayerType
    in_width: PositiveInt
    """Input channels (conv) or input features (linear)."""
    width: PositiveInt
    """Output channels or units: what pruning makes thinner."""
    kernel: tuple[PositiveInt, ...] = ()
    output_size: tuple[PositiveInt, ...] = ()
    """Height and width of the output map; empty for a fully connected layer."""
    parameters: NonNegativeInt
    """Weights, biases and the affine parameters of the norm that follows."""
    macs: NonNegativeInt
    """Multiply-accumulate operations for one example."""
    group: str | None = None
    """The channel group that holds this layer's output channels; None where nothing may be removed (the classifier)."""


class ChannelGroupInfo(Spec):
    """Channels of several layers that live and die together (residual additions, flatten to linear)."""

    name: str
    width: PositiveInt
    layers: tuple[str, ...]
    """Layers whose *output* channels this group holds; the first names the group."""
    consumers: tuple[str, ...]
    """Layers whose *input* channels shrink with it."""


class LayerShare(Spec):
    """What one layer counts for in the whole network."""

    layer: str
    parameters: NonNegativeFloat
    """Share of the parameters, in [0, 1]."""
    macs: NonNegativeFloat
    """Share of the multiply-accumulate operations, in [0, 1]."""


class NetworkSummary(Spec):
    """A model as a table: everything the browser shows before any compute is spent."""

    architecture: str
    input_shape: tuple[PositiveInt, ...]
    """Channels, height, width of one example."""
    class_count: PositiveInt
    layers: tuple[Layer, ...]
    groups: tuple[ChannelGroupInfo, ...]
    parameters: NonNegativeInt
    macs: NonNegativeInt

    def shares(self) -> tuple[LayerShare, ...]:
        """Every layer's share of the counts, in forward order."""
        return tuple(
            LayerShare(
                layer=layer.name,
                parameters=metrics.share(layer.parameters, self.parameters),
                macs=metrics.share(layer.macs, self.macs),
            )
            for layer in self.layers
        )


class ArchitectureMatch(Spec):
    """An architecture of the zoo that fits the tensors of an upload."""

    architecture: str
    title: str
    input_shape: tuple[PositiveInt, ...]
    class_count: PositiveInt


class ArchitectureMiss(Spec):
    """The nearest architecture when none fits, and what differs."""

    architecture: str
    title: str
    similarity: NonNegativeFloat
    """Share of the tensors whose name and shape agree, in [0, 1]."""
    differences: tuple[str, ...]
    """Sentences such as `conv2.weight is (50, 20, 3, 3), expected (50, 20, 5, 5)`."""

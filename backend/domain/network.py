"""What the web may know of a model: its layers, its channel groups, its locks and its counts, but no tensor."""

from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, model_validator

from backend.domain import metrics
from backend.domain.spec import Spec

LayerType = Literal["conv", "linear", "embedding", "recurrent", "product"]
"""A product multiplies by a parameter that belongs to no layer, such as the stacked weights of experts."""
Unit = Literal["channel", "head", "head_dim", "group", "hidden"]
"""What goes as one: a channel, an attention head, the same place in all heads, a group of a grouped convolution, or
a unit of a recurrent layer."""


class AxisShares(Spec):
    """One axis, and what each group's units hold of it."""

    size: PositiveInt
    groups: tuple[tuple[str, PositiveInt], ...]
    """Group and positions that one of its units holds."""


class Layer(Spec):
    """One layer with weights of its own, with the batch norm that follows it counted in."""

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
    weights: NonNegativeInt | None = None
    """Elements of its kernels and matrices, which one by one may become zero; biases and norms are not among them.

    None in summaries from before single weights could go.
    """
    axes: tuple[AxisShares, ...] = ()
    """Of a product: the axes that together are its output channels; of other layers the groups tell."""
    group: str | None = None
    """The channel group that holds this layer's output channels; None where nothing may be removed (the classifier)."""


class ChannelGroupInfo(Spec):
    """Channels of several layers that live and die together (residual additions, flatten to linear)."""

    name: str
    width: PositiveInt
    """How many units there are to remove: channels, or whole heads."""
    layers: tuple[str, ...]
    """Layers whose *output* channels this group holds; the first names the group."""
    consumers: tuple[str, ...]
    """Layers whose *input* channels shrink with it."""
    unit: Unit = "channel"
    multiple: PositiveInt = 1
    """The width must stay a multiple of this (the groups of a grouped convolution); 1 = free."""
    inexact: tuple[str, ...] = ()
    """Operations, such as layer norms, whose result a masked channel changes and a removed one does not."""
    difference: NonNegativeFloat | None = None
    """How far masking half of the group is from removing it, on random examples.

    It is the largest difference of the class scores over the largest score. None where masking is removal, or where it
    was not measured.
    """
    output_spans: tuple[PositiveInt, ...] = ()
    """Output channels that one unit holds in each of `layers` (64 in a layer of heads of 64); empty: spread evenly."""
    input_spans: tuple[PositiveInt, ...] = ()
    """Input channels that one unit holds in each of `consumers` (several after a flatten); empty: spread evenly."""
    batch_norms: tuple[str, ...] | None = None
    """Batch norms that scale these channels; None in summaries from before this was known."""
    branch_ends: tuple[str, ...] | None = None
    """Those of `layers` that end a branch beside a shortcut and may go as a whole; None as with `batch_norms`."""
    takes_gates: bool | None = None
    """Stored weights alone read these channels, so that a learned gate can be multiplied into them; None as above."""
    is_readable: bool | None = None
    """A criterion can read activation and gradient of these channels for each example; None as above."""
    vector_parameters: NonNegativeInt = 0
    """Parameters that one unit holds in vectors: biases, norms, scales."""
    product_macs: NonNegativeInt = 0
    """Operations that one unit takes in products of activations; 0 where the summary lists all operations."""


class WeightSize(Spec):
    """How a weight's size follows from the widths of the channel groups; axes that do not change are left out."""

    layer: str
    parameters: PositiveInt
    macs: NonNegativeInt = 0
    """Operations for one example that this weight takes part in; 0 where the summary lists all operations."""
    axes: tuple[AxisShares, ...]


class OperationSize(Spec):
    """How operations follow from the widths of the channel groups: with the product of the sizes of some axes.

    Axes that do not change are left out.
    """

    layer: str = ""
    """The layer that multiplies; empty for a product of activations."""
    macs: PositiveInt
    """Multiply-accumulate operations for one example in the dense network."""
    axes: tuple[AxisShares, ...]


class NetworkInput(Spec):
    """One input of a network; its first axis is the batch."""

    name: str
    """What its arrays in a dataset are called after."""
    shape: tuple[PositiveInt, ...]
    """Of one example: channels, height, width of an image."""
    type: str = "float32"
    """Of its numbers; whole numbers are tokens, and are not scaled."""
    rows: PositiveInt | None = None
    """Rows of the smallest table (an embedding) that its numbers pick from; None where they pick from none."""
    is_used: bool = True
    """The outputs depend on it; a dataset holds an array for it in any case."""

    @property
    def is_float(self) -> bool:
        """It takes floating-point numbers."""
        return self.type.startswith(("float", "bfloat"))


class LockInfo(Spec):
    """A layer whose output channels stay, and what holds them."""

    layer: str
    reason: str
    """A sentence."""
    operation: str = ""
    """The operation that holds them, such as `view`; empty where it is not one operation."""
    node: str = ""
    """The operation's name in the graph."""
    place: str | None = None
    """Where the author's source asks for it, such as `resnet.py:92 in layer1.0.conv1`."""


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
    """Channels, height, width of one example (of the first input)."""
    inputs: tuple[NetworkInput, ...] = Field(min_length=1)
    """In the order in which the network takes them."""
    further_outputs: tuple[tuple[PositiveInt, ...], ...] = ()
    """Shapes for one example of the outputs after the first, which is the class scores."""
    class_count: PositiveInt
    layers: tuple[Layer, ...]
    groups: tuple[ChannelGroupInfo, ...]
    locks: tuple[LockInfo, ...] = ()
    """One for every layer of whose output channels nothing can go."""
    weights: tuple[WeightSize, ...] = ()
    """Every weight that gets smaller with a channel group; empty in summaries of the first release."""
    operations: tuple[OperationSize, ...] | None = None
    """All operations that get fewer with a channel group; None in summaries from before they were listed."""
    parameters: NonNegativeInt
    macs: NonNegativeInt
    dropped_layers: tuple[str, ...] | None = None
    """Layers whose outputs a dropout drops in training; None in summaries from before this was known."""
    notes: tuple[str, ...] = ()
    """Sentences on how the file was read, such as that a last step was cut off."""

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, data: Any) -> Any:
        """Read summaries from before inputs had names."""
        if not isinstance(data, dict) or "inputs" in data:
            return data
        shapes = [data.get("input_shape"), *data.get("further_inputs", ())]
        names = ["x", *(f"x{number}" for number in range(1, len(shapes)))]
        inputs = [{"name": name, "shape": shape} for name, shape in zip(names, shapes, strict=True)]
        inputs[0]["type"] = data.get("input_type", "float32")
        rest = {key: value for key, value in data.items() if key not in ("further_inputs", "input_type")}
        return rest | {"inputs": tuple(inputs)}

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

"""Counts from shapes: parameters and multiply-accumulate operations, layer by layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from torch import Tensor

from backend.domain.network import Layer
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.coupling.values import layer_name
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.operations import RECURRENT
from worker.engine.graph.schema import Argument, Reference, TensorReference
from worker.engine.macs import count_step
from worker.engine.stored_factors import stored_factor

_TRANSPOSED = frozenset({"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"})
_CONVOLUTIONS = frozenset({"conv1d", "conv2d", "conv3d", *_TRANSPOSED})
_PRODUCTS = {"addmm": "mat2", "mm": "mat2", "matmul": "other"}
"""Products that are linear layers when this factor is a stored matrix (inputs first)."""
_FACTORED = frozenset({"addmm", "baddbmm", "bmm", "einsum", "matmul", "mm"})
_SPATIAL = 2
"""First spatial axis."""


def count_layers(network: Network, groups: tuple[ChannelGroup, ...] | None = None) -> tuple[Layer, ...]:
    """The layers in forward order, each once; a batch norm's parameters count for the layer before it.

    Pass the network's `groups` when they are at hand; otherwise they are found anew.
    """
    group_of = {layer: group.name for group in groups or find_groups(network) for layer in group.layers}
    norms = _norms_by_layer(network)
    layers: dict[str, Layer] = {}
    for step in network.steps:
        use = use_of(step, network)
        if use is None:
            continue
        earlier = layers.get(use.weight)
        if earlier is not None:
            layers[use.weight] = earlier.model_copy(update={"macs": earlier.macs + count_step(step, network)})
            continue
        own = [*use.own, *norms.get(step.node.name, ())]
        layers[use.weight] = Layer(
            name=layer_name(use.weight),
            type=use.type,
            in_width=use.in_width,
            width=use.width,
            kernel=use.kernel,
            output_size=use.output_size,
            parameters=sum(network.tensors[name].numel() for name in dict.fromkeys(own)),
            macs=count_step(step, network),
            weights=sum(network.tensors[name].numel() for name in _kernels(use, network)),
            group=group_of.get(layer_name(use.weight)),
        )
    return tuple(layers.values())


def layer_weights(network: Network) -> tuple[str, ...]:
    """Names of the tensors that the layers are told apart by, in the order of `count_layers`."""
    uses = (use for step in network.steps if (use := use_of(step, network)) is not None)
    return tuple(dict.fromkeys(use.weight for use in uses))


def weights_by_layer(network: Network) -> tuple[tuple[str, ...], ...]:
    """Kernels and matrices of every layer by tensor name, in the order of `count_layers`; all are parameters.

    Every multiply-accumulate operation of a layer meets one of its weights, and all of them equally often.
    """
    uses = (use for step in network.steps if (use := use_of(step, network)) is not None)
    found: dict[str, tuple[str, ...]] = {}
    for use in uses:
        found.setdefault(use.weight, _kernels(use, network))
    return tuple(found.values())


def tensors_by_type(network: Network) -> dict[str, frozenset[str]]:
    """Names of the weights and biases of all layers, by the layers' type (`conv`, `linear`, ...)."""
    found: dict[str, frozenset[str]] = {}
    for use in (use for step in network.steps if (use := use_of(step, network)) is not None):
        found[use.type] = found.get(use.type, frozenset()) | frozenset(use.own)
    return found


def count_macs(network: Network) -> int:
    """Multiply-accumulate operations for one example, products of activations included.

    Norms, activations and poolings are not counted.
    """
    return sum(count_step(step, network) for step in network.steps)


def count_parameters(network: Network) -> int:
    """Elements of all parameters (buffers not counted)."""
    return sum(prod(info.shape) for info in network.graph.tensors if info.kind == "parameter")


@dataclass(frozen=True)
class LayerUse:
    """A layer where it is used."""

    weight: str
    type: Literal["conv", "linear", "embedding", "recurrent", "product"]
    in_width: int
    width: int
    own: tuple[str, ...]
    """Names of its tensors, the norm that follows left out."""
    kernel: tuple[int, ...] = ()
    output_size: tuple[int, ...] = ()
    """Places at which the kernel is put: the output's, for a transposed convolution the input's."""
    outputs: tuple[int, ...] = ()
    """Of a product: the axes of the weight that together are its output channels."""


def _kernels(use: LayerUse, network: Network) -> tuple[str, ...]:
    """Names of a layer's parameters of two or more axes; a recurrent layer has several."""
    names = use.own if use.type == "recurrent" else (use.weight,)
    own = dict.fromkeys(name for name in names if network.tensors[name].dim() > 1)
    return tuple(own) if network.parameters.issuperset(own) else ()


def use_of(step: Step, network: Network) -> LayerUse | None:
    """The layer that a node is; None for nodes that are no layers, or whose weight is worked out on the way."""
    if not step.node.target.startswith("aten."):
        return None
    if step.kind in RECURRENT:
        return _recurrent(step, network.tensors)
    linear = _linear_product(step, network.tensors) if step.kind in _PRODUCTS else None
    if linear is not None or step.kind in _FACTORED:
        return linear or _product(step, network)
    weight = step.bound.get("weight") if step.kind in _CONVOLUTIONS | {"linear", "embedding"} else None
    if not isinstance(weight, TensorReference):
        return None
    shape = tuple(network.tensors[weight.tensor].shape)
    own = _names(weight, step.bound.get("bias"))
    if step.kind == "linear":
        return LayerUse(weight.tensor, "linear", shape[1], shape[0], own)
    if step.kind == "embedding":
        return LayerUse(weight.tensor, "embedding", shape[0], shape[1], own)
    groups = step.bound["groups"]
    is_transposed = step.kind in _TRANSPOSED
    in_width, width = (shape[0], shape[1] * groups) if is_transposed else (shape[1] * groups, shape[0])
    places = _places(step.bound["input"] if is_transposed else Reference(step.node.name), network)
    return LayerUse(weight.tensor, "conv", in_width, width, own, shape[2:], places)


def _places(value: Argument, network: Network) -> tuple[int, ...]:
    result = network.shapes[value.node] if isinstance(value, Reference) else None
    return tuple(result.shape[_SPATIAL:]) if isinstance(result, Tensor) else ()


def _recurrent(step: Step, tensors: Mapping[str, Tensor]) -> LayerUse | None:
    names = _names(*step.bound["params"])
    if len(names) != len(step.bound["params"]):
        return None
    hidden = tensors[names[1]].shape[1]
    return LayerUse(names[0], "recurrent", tensors[names[0]].shape[1], hidden, names)


def _product(step: Step, network: Network) -> LayerUse | None:
    """A product with a parameter that is no plain matrix, or comes first: stacked experts, mixers of places."""
    factor = stored_factor(step, network)
    if factor is None:
        return None
    shape = network.tensors[factor.tensor].shape
    in_width, width = (prod(shape[axis] for axis in axes) for axes in (factor.inputs, factor.outputs))
    own = tuple(dict.fromkeys((factor.tensor, *_added(step))))
    return LayerUse(factor.tensor, "product", in_width, width, own, outputs=factor.outputs)


def _added(step: Step) -> tuple[str, ...]:
    """What `addmm` and `baddbmm` add to a product."""
    return _names(step.bound["self"]) if step.kind in ("addmm", "baddbmm") else ()


def _linear_product(step: Step, tensors: Mapping[str, Tensor]) -> LayerUse | None:
    """A linear layer written as a product, its weight stored inputs first."""
    weight = step.bound[_PRODUCTS[step.kind]]
    if not isinstance(weight, TensorReference) or tensors[weight.tensor].dim() != 2:
        return None
    in_width, width = tensors[weight.tensor].shape
    return LayerUse(weight.tensor, "linear", in_width, width, _names(weight, step.bound.get("self")))


def _names(*values: Argument) -> tuple[str, ...]:
    return tuple(value.tensor for value in values if isinstance(value, TensorReference))


def _norms_by_layer(network: Network) -> dict[str, tuple[str, ...]]:
    """Parameters of the batch norms that directly follow a layer, by the layer's node name."""
    layers = {step.node.name for step in network.steps if use_of(step, network) is not None}
    found: dict[str, tuple[str, ...]] = {}
    for step in network.steps:
        source = step.bound["input"] if step.kind == "batch_norm" else None
        if isinstance(source, Reference) and source.node in layers:
            names = _names(step.bound["weight"], step.bound["bias"])
            found[source.node] = (*found.get(source.node, ()), *names)
    return found

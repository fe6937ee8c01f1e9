"""Dead layers: removing residual branches that always say the same, and all that only they read."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from worker.engine.constant_places import Constants
from worker.engine.counting import use_of
from worker.engine.coupling.values import layer_name
from worker.engine.dead_branches import Bypass, are_alike, pass_by, sources
from worker.engine.graph import Graph, Network, Node
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Reference, TensorReference, encode, tensor_info, tensor_names

_ADD = "aten.add.Tensor"
_CONSTANT = "constant"
"""Name of a parameter that takes the place of a branch, after the branch's last layer."""


def remove_dead_layers(network: Network, pins: Collection[str] = ()) -> Network:
    """The network without residual branches that say the same whatever the input; it answers the same in evaluation.

    What such a branch adds, where that is not zero, goes into the bias that made the other side if nobody else reads
    that; otherwise one parameter takes the branch's place. A branch that holds a layer in `pins` stays, and so does one
    that holds no layer. Operations and tensors that nothing needs any more go; inputs and outputs stay.
    """
    way = pass_by(network, pins)
    return _Rewriting(way).network() if way.branches else network


class _Rewriting:
    """Puts what dead branches add elsewhere, and leaves out what is not needed."""

    def __init__(self, way: Bypass) -> None:
        self._way, self._original = way, way.original
        self._steps = {step.node.name: step for step in way.original.steps if step.node.name in way.needed}
        self._uses = Counter(name for step in self._steps.values() for name in way.sources(step))
        self._uses.update(way.original.graph.outputs)
        others = (step for name, step in self._steps.items() if name not in way.branches)
        self._readers = Counter(name for step in others for name in tensor_names(step.node))
        self._tensors = dict(way.original.tensors)
        self._added: dict[str, Constants] = {}
        """What is still added to a trunk, by addition."""

    def network(self) -> Network:
        """What is left."""
        for branch in self._way.branches.values():
            if branch.constant.any() and not self._fold(branch.trunk, branch.constant):
                self._added[branch.addition] = branch.constant
        names = {addition: self._store(addition) for addition in self._added}
        nodes = tuple(self._node(step, names) for name, step in self._steps.items() if not self._is_passed(name))
        kept = {name for node in nodes for name in tensor_names(node)}
        tensors = {name: tensor for name, tensor in self._tensors.items() if name in kept}
        return Network(self._graph(nodes, tensors), tensors)

    def _graph(self, nodes: tuple[Node, ...], tensors: Mapping[str, Tensor]) -> Graph:
        graph = self._original.graph
        infos = {info.name: info for info in graph.tensors}
        changes = {
            "nodes": nodes,
            "outputs": tuple(map(self._after, graph.outputs)),
            "tensors": tuple(
                infos[name] if name in infos else tensor_info(name, tensor, is_parameter=True)
                for name, tensor in tensors.items()
            ),
        }
        return graph.model_copy(update=changes)

    def _fold(self, name: str, constant: Constants) -> bool:
        """Add a constant to a node's value by what makes it; False where that is not possible, or has other readers."""
        step = self._steps.get(name)
        if step is None or self._uses[name] != 1:
            return False
        if name in self._added:
            self._added[name] = self._added[name] + constant
            return True
        if name in self._way.branches:
            return self._fold(self._way.branches[name].trunk, constant)
        if step.node.target == _ADD:
            sides = sources(step) if step.bound["alpha"] == 1 else []
            return any(self._fold(side, constant) for side in sides if are_alike(self._original, side, name))
        return self._fold_into_bias(step, constant)

    def _fold_into_bias(self, step: Step, constant: Constants) -> bool:
        """Add a constant that is one number for each channel to a layer's or a batch norm's bias."""
        bias, axes = step.bound.get("bias"), self._original.shapes[step.node.name].dim()
        axis = _channel_axis(step, axes, self._original)
        if axis is None or not isinstance(bias, TensorReference) or self._readers[bias.tensor] != 1:
            return False
        full = constant.reshape((1,) * (axes - constant.ndim) + constant.shape)
        if full.size != full.shape[axis]:
            return False
        own = self._tensors[bias.tensor]
        self._tensors[bias.tensor] = (own.double() + torch.from_numpy(full.reshape(-1).copy())).to(own.dtype)
        return True

    def _store(self, addition: str) -> str:
        """Name of a new parameter that holds what is added."""
        values = self._added[addition]
        while values.ndim > 1 and len(values) == 1:
            values = values[0]
        layer = self._last_layer(self._way.branches[addition].source)
        name = f"{layer}.{_CONSTANT}".removeprefix(".")
        while name in self._tensors:
            name = f"{name}_"
        stored = torch.from_numpy(np.array(values)).to(self._original.shapes[addition].dtype)
        self._tensors = _with_tensor(self._tensors, name, stored, layer)
        return name

    def _last_layer(self, source: str) -> str:
        """The layer nearest to the end of a branch."""
        wanted = {source}
        for step in reversed(self._original.steps):
            if step.node.name in wanted:
                use = use_of(step, self._original)
                if use is not None:
                    return layer_name(use.weight)
                wanted.update(sources(step))
        return ""

    def _node(self, step: Step, names: Mapping[str, str]) -> Node:
        """The node as it reads what is left."""
        node = step.node
        if node.name in names:
            trunk = Reference(self._after(self._way.branches[node.name].trunk))
            added = TensorReference(names[node.name])
            return node.model_copy(update={"target": _ADD, "args": (encode(trunk), encode(added)), "kwargs": {}})
        if not any(map(self._is_passed, sources(step))):
            return node
        args = tuple(encode(self._redirected(value)) for value in step.args)
        kwargs = {key: encode(self._redirected(value)) for key, value in step.kwargs.items()}
        return node.model_copy(update={"args": args, "kwargs": kwargs})

    def _redirected(self, value: Any) -> Any:
        if isinstance(value, Reference):
            return Reference(self._after(value.node))
        return [self._redirected(item) for item in value] if isinstance(value, list) else value

    def _is_passed(self, name: str) -> bool:
        """Whether a node is an addition of nothing."""
        return name in self._way.branches and name not in self._added

    def _after(self, name: str) -> str:
        """The node that has a node's value now."""
        while self._is_passed(name):
            name = self._way.branches[name].trunk
        return name


def _with_tensor(tensors: Mapping[str, Tensor], name: str, tensor: Tensor, layer: str) -> dict[str, Tensor]:
    """One more tensor, in front of those of a layer."""
    names = list(tensors)
    place = next((number for number, own in enumerate(names) if layer_name(own) == layer), len(names))
    names.insert(place, name)
    return {own: tensor if own == name else tensors[own] for own in names}


def _channel_axis(step: Step, axes: int, network: Network) -> int | None:
    """The axis of a result that the bias lies along; None for what has no such bias."""
    if step.kind == "batch_norm":
        return 1
    if step.kind == "linear":
        return axes - 1
    weight = step.bound.get("weight") if step.kind in ("conv1d", "conv2d", "conv3d") else None
    return axes - network.tensors[weight.tensor].dim() + 1 if isinstance(weight, TensorReference) else None

"""From a network to a trainable `fx.GraphModule`, and its weights back."""

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, fx, nn

from worker.engine.graph.network import Network
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Reference, TensorReference
from worker.engine.network.hidden_names import reachable, restore_names
from worker.engine.network.raising import Raised, live_steps, raised_nodes, unpacked

_SUBSTITUTES = {"aten.view.default": "aten.reshape.default"}
"""`view` refuses the channels_last memory format; `reshape` computes the same."""


def build(network: Network) -> fx.GraphModule:
    """A module whose nodes bear the graph's names and whose state dict bears the tensors' names.

    Layers with parameters of their own and dropouts are `nn` modules, so `train()` and `eval()` do what they
    say. The module owns copies of the tensors; it starts in evaluation mode. It takes the graph's inputs in order and
    returns its output, or a tuple of them when there are several.
    """
    root = nn.Module()
    raised = raised_nodes(network)
    for name in network.tensors:
        _container(root, name.rpartition(".")[0])  # first, so that the state dict keeps the tensors' order
    for item in {item.path: item for item in raised.values()}.values():
        _place(root, item.path, item.module)
    kinds = {info.name: info.kind for info in network.graph.tensors}
    for name, tensor in network.tensors.items():
        _set_tensor(root, name, tensor.detach().clone(), is_parameter=kinds[name] == "parameter")
    module = fx.GraphModule(root, _fx_graph(network, raised), class_name="PrunedNetwork").eval()
    restore_names(module)
    return module


def with_weights(network: Network, module: nn.Module) -> Network:
    """The same graph with the tensors that `module` holds now (copied to the CPU).

    Raises `KeyError` when the module lacks one of the network's tensors.
    """
    state = module.state_dict()
    tensors = {name: state[name].detach().to("cpu", copy=True).contiguous() for name in network.tensors}
    return replace(network, tensors=tensors)


def _place(root: nn.Module, path: str, module: nn.Module) -> None:
    """Put a module (or, with its own path, anything below) where the path says, making plain modules on the way."""
    parent_path, _, name = path.rpartition(".")
    _container(root, parent_path).add_module(reachable(name), module)


def _container(root: nn.Module, path: str) -> nn.Module:
    current = root
    for part in reachable(path).split(".") if path else []:
        child = current._modules.get(part)
        if child is None:
            child = nn.Module()
            current.add_module(part, child)
        current = child
    return current


def _set_tensor(root: nn.Module, name: str, tensor: Tensor, *, is_parameter: bool) -> None:
    path, _, own_name = name.rpartition(".")
    owner, attribute = _container(root, path), reachable(own_name)
    if is_parameter:
        parameter = nn.Parameter(tensor, requires_grad=tensor.is_floating_point())
        if isinstance(owner, nn.RNNBase):
            setattr(owner, attribute, parameter)  # which keeps the list of its weights up to date
        else:
            owner.register_parameter(attribute, parameter)
    else:
        owner.register_buffer(attribute, tensor)


def _fx_graph(network: Network, raised: Mapping[str, Raised]) -> fx.Graph:
    graph, result = network.graph, fx.Graph()
    nodes = {info.name: result.create_node("placeholder", info.name, name=info.name) for info in graph.inputs}
    attributes: dict[str, fx.Node] = {}
    places = unpacked(graph, raised)

    def translate(value: Any) -> Any:
        if isinstance(value, Reference):
            return nodes[value.node]
        if isinstance(value, TensorReference):
            if value.tensor not in attributes:
                attributes[value.tensor] = result.get_attr(reachable(value.tensor))
            return attributes[value.tensor]
        return [translate(item) for item in value] if isinstance(value, list) else value

    for step in live_steps(network, raised):
        name, item = step.node.name, raised.get(step.node.name)
        if item is not None:
            arguments = tuple(
                tuple(value) if isinstance(value, list) else value for value in map(translate, item.arguments)
            )
            nodes[name] = result.create_node("call_module", reachable(item.path), arguments, name=name)
        elif name in places:
            nodes[name] = _pick(result, nodes[step.args[0].node], places[name], name)
        else:
            kwargs = {key: translate(value) for key, value in step.kwargs.items()}
            target = OPERATIONS[_SUBSTITUTES.get(step.node.target, step.node.target)]
            args = tuple(translate(value) for value in step.args)
            nodes[name] = result.create_node("call_function", target, args, kwargs, name=name)
    outputs = tuple(nodes[name] for name in graph.outputs)
    result.output(outputs if len(outputs) > 1 else outputs[0])
    result.lint()
    return result


def _pick(graph: fx.Graph, source: fx.Node, place: tuple[int, ...], name: str) -> fx.Node:
    """One of the results of a module, by its place in what the module returns."""
    for position in place[:-1]:
        source = graph.call_function(operator.getitem, (source, position))
    return graph.create_node("call_function", operator.getitem, (source, place[-1]), name=name)

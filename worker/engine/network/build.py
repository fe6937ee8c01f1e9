"""From a network to a trainable `fx.GraphModule`, and its weights back."""

from dataclasses import replace
from typing import Any

from torch import Tensor, fx, nn

from worker.engine.graph.network import Network
from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Graph, Reference, TensorReference, decode
from worker.engine.network.raising import Raised, raised_nodes

_SUBSTITUTES = {"aten.view.default": "aten.reshape.default"}
"""`view` refuses the channels_last memory format; `reshape` computes the same."""


def build(network: Network) -> fx.GraphModule:
    """A module whose nodes bear the graph's names and whose state dict bears the tensors' names.

    Convolutions, linear layers, batch norms and dropouts are `nn` modules, so `train()` and `eval()` do what they
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
    return fx.GraphModule(root, _fx_graph(network.graph, raised), class_name="PrunedNetwork").eval()


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
    _container(root, parent_path).add_module(name, module)


def _container(root: nn.Module, path: str) -> nn.Module:
    current = root
    for part in path.split(".") if path else []:
        child = current._modules.get(part)
        if child is None:
            child = nn.Module()
            current.add_module(part, child)
        current = child
    return current


def _set_tensor(root: nn.Module, name: str, tensor: Tensor, *, is_parameter: bool) -> None:
    path, _, attribute = name.rpartition(".")
    owner = _container(root, path)
    if is_parameter:
        owner.register_parameter(attribute, nn.Parameter(tensor, requires_grad=tensor.is_floating_point()))
    else:
        owner.register_buffer(attribute, tensor)


def _fx_graph(graph: Graph, raised: dict[str, Raised]) -> fx.Graph:
    result = fx.Graph()
    nodes = {info.name: result.create_node("placeholder", info.name, name=info.name) for info in graph.inputs}
    attributes: dict[str, fx.Node] = {}

    def translate(value: Any) -> Any:
        if isinstance(value, Reference):
            return nodes[value.node]
        if isinstance(value, TensorReference):
            if value.tensor not in attributes:
                attributes[value.tensor] = result.get_attr(value.tensor)
            return attributes[value.tensor]
        return [translate(item) for item in value] if isinstance(value, list) else value

    for node in graph.nodes:
        item = raised.get(node.name)
        if item is not None:
            nodes[node.name] = result.create_node("call_module", item.path, (nodes[item.source.node],), name=node.name)
            continue
        args = tuple(translate(decode(value)) for value in node.args)
        kwargs = {key: translate(decode(value)) for key, value in node.kwargs.items()}
        target = OPERATIONS[_SUBSTITUTES.get(node.target, node.target)]
        nodes[node.name] = result.create_node("call_function", target, args, kwargs, name=node.name)
    outputs = tuple(nodes[name] for name in graph.outputs)
    result.output(outputs if len(outputs) > 1 else outputs[0])
    result.lint()
    return result

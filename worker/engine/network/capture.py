"""From an `nn.Module` to a network: trace once with `torch.export`, keep operations and tensors."""

import operator
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.graph.network import Network
from worker.engine.graph.operations import TARGET_NAMES
from worker.engine.graph.schema import (
    Argument,
    Graph,
    Node,
    Reference,
    TensorReference,
    decode,
    encode,
    references,
    tensor_info,
    tensor_names,
)
from worker.engine.network.pureness import make_pure
from worker.engine.network.raising import raised_nodes

_EXAMPLE_BATCH = 2
_INPUT = "x"
_COUNTER = "num_batches_tracked"
_IGNORED_KEYWORDS = frozenset({"layout", "device", "pin_memory", "memory_format", "non_blocking"})
_ATEN_NAMES = {str(target): name for target, name in TARGET_NAMES.items()}


def capture(module: nn.Module, input_shape: tuple[int, ...], architecture: str) -> Network:
    """Trace `module` on a batch of `input_shape` examples (without the batch axis) in evaluation mode.

    The module's mode is put back. Raises `JobFailure` (UNKNOWN_ARCHITECTURE) when the module cannot be traced, uses
    an operation that is not on the allow-list, or does not answer `(N, classes)`.
    """
    program = _export(module, input_shape)
    tensors = _tensors(program, list(module.state_dict()))
    source, nodes, output, width = _translate(program)
    kept = {name for node in nodes for name in tensor_names(node)}
    parameters = set(program.graph_signature.parameters)
    graph = Graph(
        architecture=architecture,
        input_shape=input_shape,
        class_count=width,
        input=source,
        output=output,
        tensors=tuple(
            tensor_info(name, tensor, is_parameter=name in parameters)
            for name, tensor in tensors.items()
            if name in kept
        ),
        nodes=nodes,
    )
    network = Network(graph, {name: tensor for name, tensor in tensors.items() if name in kept})
    try:
        raised_nodes(network)
    except ValueError as error:
        raise refuse(f"The network cannot be trained: {error}.") from error
    return network


def refuse(detail: str) -> JobFailure:
    """The failure for a network that cannot be represented."""
    return JobFailure(
        FailureCode.UNKNOWN_ARCHITECTURE,
        detail,
        "Upload a state dict of a supported architecture, or rewrite the layer with standard operations.",
    )


def _export(module: nn.Module, input_shape: tuple[int, ...]) -> ExportedProgram:
    was_training = module.training
    module.eval()
    parameter = next(module.parameters(), None)
    dtype = parameter.dtype if parameter is not None else torch.float32
    example = torch.zeros((_EXAMPLE_BATCH, *input_shape), dtype=dtype)
    try:
        with torch.no_grad():
            return torch.export.export(
                module, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False
            )
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise refuse(f"The network does not accept inputs of shape {tuple(input_shape)}: {reason}") from error
    finally:
        module.train(was_training)


def _tensors(program: ExportedProgram, order: Sequence[str]) -> dict[str, Tensor]:
    """Parameters, buffers and constants under their state-dict names, on the CPU, detached, in the module's order."""
    named = {**program.state_dict, **program.constants}
    named = {name: named[name] for name in order if name in named} | named
    return {
        name: tensor.detach().cpu().clone()
        for name, tensor in named.items()
        if isinstance(tensor, Tensor) and not name.endswith(_COUNTER)
    }


def _translate(program: ExportedProgram) -> tuple[str, tuple[Node, ...], str, int]:
    """Input name, nodes, output name and output width of an exported program."""
    names: dict[str, Argument] = {}
    source = ""
    graph = make_pure(program.graph)
    placeholders = (node.name for node in graph.nodes if node.op == "placeholder")
    for name, spec in zip(placeholders, program.graph_signature.input_specs, strict=True):
        if spec.kind is InputKind.USER_INPUT:
            source = _input_name(program)
            names[name] = Reference(source)
        else:
            names[name] = TensorReference(str(spec.target))
    nodes = [_node(node, names) for node in graph.nodes if node.op == "call_function"]
    (result,) = (node for node in graph.nodes if node.op == "output")
    outputs = result.args[0]
    if not isinstance(outputs, list | tuple) or len(outputs) != 1 or not isinstance(outputs[0], fx.Node):
        raise refuse("The network must have exactly one output: the class scores.")
    value = outputs[0].meta["val"]
    if value.dim() != 2:
        raise refuse(f"The network answers with {value.dim()} axes; class scores `(examples, classes)` are needed.")
    return source, _alive(tuple(nodes), outputs[0].name), outputs[0].name, int(value.shape[1])


def _input_name(program: ExportedProgram) -> str:
    """A name for the input that no operation has (`input` itself is one that fx would change)."""
    taken = {node.name for node in program.graph.nodes if node.op == "call_function"}
    return next(name for name in chain([_INPUT], (f"{_INPUT}{number}" for number in count(1))) if name not in taken)


def _node(node: fx.Node, names: Mapping[str, Argument]) -> Node:
    target = _ATEN_NAMES.get(str(node.target)) if node.target is not operator.getitem else "operator.getitem"
    if target is None:
        raise refuse(f"The operation `{node.target}` (at `{node.name}`) is not supported yet.")

    def translate(value: Any) -> Argument:
        if isinstance(value, fx.Node):
            return names.get(value.name, Reference(value.name))
        if isinstance(value, list | tuple):
            return [translate(item) for item in value]
        return value

    kwargs = {key: value for key, value in node.kwargs.items() if key not in _IGNORED_KEYWORDS}
    try:
        return Node(
            name=node.name,
            target=target,
            args=tuple(encode(translate(value)) for value in node.args),
            kwargs={key: encode(translate(value)) for key, value in kwargs.items()},
        )
    except ValueError as error:
        raise refuse(f"The operation `{node.target}` (at `{node.name}`) cannot be stored: {error}.") from error


def _alive(nodes: tuple[Node, ...], output: str) -> tuple[Node, ...]:
    """The nodes that the output depends on, in order."""
    needed = {output}
    kept = []
    for node in reversed(nodes):
        if node.name in needed:
            kept.append(node)
            for value in (*node.args, *node.kwargs.values()):
                needed.update(references(decode(value)))
    return tuple(reversed(kept))

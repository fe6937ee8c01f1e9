"""From an `nn.Module` to a network: trace once with `torch.export`, keep operations and tensors."""

import operator
from collections.abc import Iterator, Mapping, Sequence
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
    DTYPE_NAMES,
    Argument,
    Graph,
    InputInfo,
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


def capture(module: nn.Module, example_inputs: tuple[Tensor, ...], architecture: str) -> Network:
    """Trace `module` on a batch of example inputs (their first axis is the batch) in evaluation mode.

    The module's mode is put back. Raises `JobFailure` (UNKNOWN_ARCHITECTURE) when the module cannot be traced, uses
    an operation that is not on the allow-list, or does not answer `(N, classes)`.
    """
    program = _export(module, example_inputs)
    tensors = _tensors(program, list(module.state_dict()))
    inputs, nodes, outputs, width = _translate(program, example_inputs)
    kept = {name for node in nodes for name in tensor_names(node)}
    parameters = set(program.graph_signature.parameters)
    graph = Graph(
        architecture=architecture,
        inputs=inputs,
        class_count=width,
        outputs=outputs,
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


def zeros(module: nn.Module, *shapes: tuple[int, ...]) -> tuple[Tensor, ...]:
    """A batch of all-zero examples for each shape (without the batch axis), in the module's floating-point type."""
    parameter = next(module.parameters(), None)
    dtype = parameter.dtype if parameter is not None else torch.float32
    return tuple(torch.zeros((_EXAMPLE_BATCH, *shape), dtype=dtype) for shape in shapes)


def _export(module: nn.Module, example_inputs: tuple[Tensor, ...]) -> ExportedProgram:
    was_training = module.training
    module.eval()
    examples = tuple(value.repeat(_EXAMPLE_BATCH, *(1,) * (value.dim() - 1)) for value in example_inputs)
    batch = torch.export.Dim("batch")
    try:
        with torch.no_grad():
            return torch.export.export(
                module, examples, dynamic_shapes=tuple({0: batch} for _ in examples), strict=False
            )
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        shapes = ", ".join(str(tuple(value.shape)[1:]) for value in example_inputs)
        raise refuse(f"The network does not accept inputs of shape {shapes}: {reason}") from error
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


def _translate(
    program: ExportedProgram, examples: tuple[Tensor, ...]
) -> tuple[tuple[InputInfo, ...], tuple[Node, ...], tuple[str, ...], int]:
    """Inputs, nodes, names of the outputs and width of the first output of an exported program."""
    names: dict[str, Argument] = {}
    inputs: list[InputInfo] = []
    graph = make_pure(program.graph)
    free = _input_names(program)
    placeholders = (node.name for node in graph.nodes if node.op == "placeholder")
    for name, spec in zip(placeholders, program.graph_signature.input_specs, strict=True):
        if spec.kind is InputKind.USER_INPUT:
            example = examples[len(inputs)]
            dtype = DTYPE_NAMES[example.dtype]
            inputs.append(InputInfo.model_validate({"name": next(free), "shape": example.shape[1:], "dtype": dtype}))
            names[name] = Reference(inputs[-1].name)
        else:
            names[name] = TensorReference(str(spec.target))
    nodes = [_node(node, names) for node in graph.nodes if node.op == "call_function" and node.users]
    (result,) = (node for node in graph.nodes if node.op == "output")
    outputs = [value for value in result.args[0] if isinstance(value, fx.Node)]
    if not outputs:
        raise refuse("The network has no output.")
    value = outputs[0].meta["val"]
    if value.dim() != 2:
        raise refuse(f"The network answers with {value.dim()} axes; class scores `(examples, classes)` are needed.")
    answers = tuple(output.name for output in outputs)
    return tuple(inputs), _alive(tuple(nodes), answers), answers, int(value.shape[1])


def _input_names(program: ExportedProgram) -> Iterator[str]:
    """Names for the inputs that no operation has (`input` itself is one that fx would change)."""
    taken = {node.name for node in program.graph.nodes if node.op == "call_function"}
    candidates = chain([_INPUT], (f"{_INPUT}{number}" for number in count(1)))
    return (name for name in candidates if name not in taken)


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


def _alive(nodes: tuple[Node, ...], outputs: tuple[str, ...]) -> tuple[Node, ...]:
    """The nodes that the outputs depend on, in order."""
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        if node.name in needed:
            kept.append(node)
            for value in (*node.args, *node.kwargs.values()):
                needed.update(references(decode(value)))
    return tuple(reversed(kept))

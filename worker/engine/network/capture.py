"""From an `nn.Module` to a network: trace once with `torch.export`, keep operations and tensors."""

import operator
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

from worker.engine.graph.network import Network
from worker.engine.graph.schema import DTYPE_NAMES, InputInfo
from worker.engine.network.draft import Draft, to_network
from worker.engine.network.places import place_of
from worker.engine.network.unsupported import refuse

_EXAMPLE_BATCH = 2
_INLINED = {"wrap_with_set_grad_enabled": 1, "wrap_with_autocast": 4}
"""Operations that only run a graph inside, and where that stands among their arguments."""
_EXPORT_ERRORS = (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError, AssertionError)


def capture(module: nn.Module, example_inputs: tuple[Tensor, ...], architecture: str) -> Network:
    """Trace `module` on a batch of example inputs (their first axis is the batch) in evaluation mode.

    The module's mode is put back. Raises `JobFailure`: UNSUPPORTED_OPERATION with all operations that are not on the
    allow-list, UNKNOWN_ARCHITECTURE when the module cannot be traced or does not answer `(N, classes)` first.
    """
    _check_inputs(example_inputs)
    program = _export(module, example_inputs)
    return to_network(_draft(program, list(module.state_dict())), architecture)


def zeros(module: nn.Module, *shapes: tuple[int, ...]) -> tuple[Tensor, ...]:
    """A batch of all-zero examples for each shape (without the batch axis), in the module's floating-point type."""
    parameter = next(module.parameters(), None)
    dtype = parameter.dtype if parameter is not None else torch.float32
    return tuple(torch.zeros((_EXAMPLE_BATCH, *shape), dtype=dtype) for shape in shapes)


def _check_inputs(example_inputs: tuple[Tensor, ...]) -> None:
    if not example_inputs:
        raise refuse("The network takes no inputs.")
    batches = {value.shape[0] if value.dim() else None for value in example_inputs}
    if None in batches or len(batches) > 1:
        shapes = ", ".join(f"`{number}` {tuple(value.shape)}" for number, value in enumerate(example_inputs))
        raise refuse(f"The first axis of every input must be the batch; the inputs are {shapes}.")


def _export(module: nn.Module, example_inputs: tuple[Tensor, ...]) -> ExportedProgram:
    was_training = module.training
    module.eval()
    examples = tuple(value[:1].repeat(_EXAMPLE_BATCH, *(1,) * (value.dim() - 1)) for value in example_inputs)
    batch = torch.export.Dim("batch")
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The tensor attribute", UserWarning)  # of recurrent layers, by themselves
            return torch.export.export(
                module, examples, dynamic_shapes=tuple({0: batch} for _ in examples), strict=False
            )
    except _EXPORT_ERRORS as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        shapes = ", ".join(str(tuple(value.shape)[1:]) for value in example_inputs)
        raise refuse(f"The network does not accept inputs of shape {shapes}: {reason}") from error
    finally:
        module.train(was_training)


def _draft(program: ExportedProgram, order: Sequence[str]) -> Draft:
    graph = _inlined(program.graph_module)
    signature = program.graph_signature
    inputs: dict[str, InputInfo] = {}
    tensors: dict[str, str] = {}
    constants = set()
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    for node, spec in zip(placeholders, signature.input_specs, strict=True):
        if spec.kind is InputKind.USER_INPUT:
            inputs[node.name] = _input(node)
        else:
            tensors[node.name] = str(spec.target)
            constants.update([str(spec.target)] if spec.kind is InputKind.CONSTANT_TENSOR else [])
    values = _tensors(program, order)
    first = _first_names(values)
    return Draft(
        graph=graph,
        inputs=inputs,
        tensors={placeholder: first.get(name, name) for placeholder, name in tensors.items()},
        values={name: value.detach().cpu().clone() for name, value in values.items()},
        parameters=frozenset(signature.parameters),
        constants=frozenset(constants),
    )


def _input(node: fx.Node) -> InputInfo:
    example = node.meta["val"]
    if not isinstance(example, Tensor) or example.dtype not in DTYPE_NAMES:
        raise refuse(f"The input `{node.name}` is not a tensor of a supported type.")
    shape = tuple(int(size) for size in example.shape[1:])
    return InputInfo.model_validate({"name": node.name, "shape": shape, "dtype": DTYPE_NAMES[example.dtype]})


def _tensors(program: ExportedProgram, order: Sequence[str]) -> dict[str, Tensor]:
    """Parameters, buffers and constants under their state-dict names, in the module's order."""
    named = {**program.state_dict, **program.constants}
    named = {name: named[name] for name in order if name in named} | named
    return {name: tensor for name, tensor in named.items() if isinstance(tensor, Tensor)}


def _first_names(values: Mapping[str, Tensor]) -> dict[str, str]:
    """For every tensor the first name of the same memory: tied weights stay tied."""
    first: dict[object, str] = {}

    def layout(name: str, tensor: Tensor) -> object:
        if not tensor.numel():
            return name
        return tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tuple(tensor.stride())

    return {name: first.setdefault(layout(name, tensor), name) for name, tensor in values.items()}


def _inlined(module: fx.GraphModule) -> fx.Graph:
    """The graph of an exported module; graphs inside that are merely run are laid out in place."""
    graph = fx.Graph()
    results = _lay_out(module, graph, {})
    graph.output(tuple(results))
    return graph


def _lay_out(module: fx.GraphModule, graph: fx.Graph, known: dict[fx.Node, Any]) -> list[Any]:
    """Copy the nodes of `module` into `graph`; `known` maps placeholders that stand for something outside."""
    for node in module.graph.nodes:
        if node in known:
            continue
        if node.op == "output":
            return list(fx.node.map_arg(node.args[0], known.__getitem__))
        inner = _inner(module, node)
        if inner is not None:
            given = fx.node.map_arg(node.args[_INLINED[str(node.target)] + 1 :], known.__getitem__)
            sources = [source for source in inner.graph.nodes if source.op == "placeholder"]
            known[node] = _lay_out(inner, graph, dict(zip(sources, given, strict=True)))
        elif node.op == "call_function" and node.target is operator.getitem and isinstance(known[node.args[0]], list):
            known[node] = known[node.args[0]][node.args[1]]
        else:
            known[node] = _copied(node, graph, known)
    return []


def _copied(node: fx.Node, graph: fx.Graph, known: Mapping[fx.Node, Any]) -> fx.Node:
    new = graph.node_copy(node, lambda source: known.get(source, source))
    stack = node.meta.get("nn_module_stack") or {}
    path = next(reversed(stack.values()), ("",))[0] if stack else ""
    trace = node.meta.get("stack_trace")
    new.meta = {"val": node.meta.get("val"), "place": place_of(trace, path if trace and "forward" in trace else None)}
    return new


def _inner(module: fx.GraphModule, node: fx.Node) -> fx.GraphModule | None:
    """The graph that a node runs, when running it is all it does."""
    position = _INLINED.get(str(node.target)) if node.op == "call_function" else None
    if position is None or (str(node.target) == "wrap_with_autocast" and node.args[2] is not False):
        return None
    source = node.args[position]
    inner = getattr(module, str(source.target), None) if isinstance(source, fx.Node) else None
    return inner if isinstance(inner, fx.GraphModule) else None

"""From torch's own exported program (in memory) to the draft of a network."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, fx
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind

from worker.engine.graph.schema import DTYPE_NAMES, InputInfo
from worker.engine.network.draft import Draft
from worker.engine.network.places import place_of
from worker.engine.network.unsupported import refuse

_INLINED = {"wrap_with_set_grad_enabled": 1, "wrap_with_autocast": 4}
"""Operations that only run a graph inside, and where that stands among their arguments."""


def draft_program(program: ExportedProgram, order: Sequence[str] = ()) -> Draft:
    """The draft of a program, exported in either mode, decomposed or not; new values of its buffers are left out.

    `order` is the order in which the author's state dict names the tensors. Raises `JobFailure` for an input that is
    no tensor.
    """
    graph = _inlined(program)
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


def _inlined(program: ExportedProgram) -> fx.Graph:
    """The graph of a program that returns its answers only; graphs inside that are merely run are laid out."""
    graph = fx.Graph()
    results = _lay_out(program.graph_module, graph, {})
    kinds = [spec.kind for spec in program.graph_signature.output_specs]
    answers = [result for result, kind in zip(results, kinds, strict=True) if kind is OutputKind.USER_OUTPUT]
    graph.output(tuple(answers))
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

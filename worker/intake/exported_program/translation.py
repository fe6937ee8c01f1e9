"""From the steps of an exported program to the neutral network."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, fx

from worker.engine.graph import Graph, Network, Node
from worker.engine.graph.operations import TARGET_NAMES
from worker.engine.graph.schema import (
    Argument,
    InputInfo,
    Reference,
    TensorReference,
    encode,
    tensor_info,
    tensor_names,
)
from worker.engine.network.pureness import make_pure
from worker.intake.exported_program.arguments import Value
from worker.intake.exported_program.operations import Step
from worker.intake.exported_program.signature import Signature
from worker.intake.exported_program.support import resolve, unsupported
from worker.intake.refusals import printable, rejected

MAX_NODE_NAME = 150
SHAPERS = {"aten.view.default": "aten.reshape.default", "aten._unsafe_view.default": "aten.reshape.default"}
"""What insists on a memory layout, which may be another after pruning -> what computes the same on any layout."""
IGNORED = frozenset({"layout", "device", "pin_memory", "memory_format", "non_blocking"})
"""Parameters of operations that do not change what is computed."""


def translate(steps: Sequence[Step], signature: Signature) -> tuple[tuple[InputInfo, ...], list[Node], tuple[str, ...]]:
    """Inputs, nodes and names of the outputs of the neutral graph; raises `FileRefusal`."""
    graph = _fx_graph(steps, signature)
    pure = make_pure(graph)
    written = [node for node in pure.nodes if node.op == "call_function" and node.target not in TARGET_NAMES]
    if written:
        raise unsupported([(str(node.target), node.meta.get("place"), (node.name,)) for node in written])
    names: dict[str, Argument] = {}
    inputs = []
    by_placeholder = {source.name: source for source in signature.inputs}
    for node in pure.nodes:
        if node.op == "placeholder" and node.target in by_placeholder:
            source = by_placeholder[str(node.target)]
            names[node.name] = Reference(node.name)
            inputs.append(InputInfo(name=node.name, shape=source.shape, dtype=source.dtype))
        elif node.op == "placeholder":
            names[node.name] = TensorReference(signature.tensors[str(node.target)])
    nodes = [_node(node, names) for node in pure.nodes if node.op == "call_function"]
    (result,) = (node for node in pure.nodes if node.op == "output")
    outputs = result.args[0]
    return tuple(inputs), nodes, tuple(node.name for node in outputs)


def _fx_graph(steps: Sequence[Step], signature: Signature) -> fx.Graph:
    graph = fx.Graph()
    sources = (*(source.name for source in signature.inputs), *signature.tensors)
    known: dict[str, Any] = {name: graph.placeholder(name) for name in sources}
    for node, source in zip(graph.nodes, sources, strict=True):
        node.target = source
    for step, target in zip(steps, resolve(steps, signature.tensors), strict=True):
        args, kwargs = _bind(step, target, known)
        first = next((name for name in step.outputs if name), "result")
        is_sequence = step.is_list
        node = graph.create_node(
            "call_function", target, args, kwargs, name=None if is_sequence else first[:MAX_NODE_NAME]
        )
        node.meta["place"] = step.place
        if not is_sequence:
            known[first] = node
            continue
        for position, name in enumerate(step.outputs):
            if name is not None:
                known[name] = graph.create_node(
                    "call_function", operator.getitem, (node, position), name=name[:MAX_NODE_NAME]
                )
    graph.output(tuple(_answer(name, known) for name in signature.outputs))
    return graph


def _answer(name: str, known: Mapping[str, fx.Node]) -> fx.Node:
    node = known.get(name)
    if node is None or node.op == "placeholder":
        raise rejected(f"returns `{printable(name)}`, which it does not compute.", "Return the class scores first.")
    return node


def _bind(step: Step, target: Any, known: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments in the order of the operation's schema; after a gap, and where it asks for it, by name."""
    schema = getattr(target, "_schema", None)
    values = [(name, _lookup(value, known)) for name, value in step.arguments]
    if schema is None:
        return tuple(value for _, value in values), {}
    given = {name: value for name, value in values if name not in IGNORED}
    args: list[Any] = []
    for argument in schema.arguments:
        if argument.kwarg_only or argument.name not in given:
            break
        args.append(given.pop(argument.name))
    return tuple(args), given


def _lookup(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, Value):
        if value.name not in known:
            raise rejected(f"reads `{printable(value.name)}` before it exists.", "Export the network again.")
        return known[value.name]
    return [_lookup(item, known) for item in value] if isinstance(value, list) else value


def _node(node: fx.Node, names: Mapping[str, Argument]) -> Node:
    def plain(value: Any) -> Argument:
        if isinstance(value, fx.Node):
            return names.get(value.name, Reference(value.name))
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    target = TARGET_NAMES[node.target]  # type: ignore[index]  # only callables of the allow-list are left
    try:
        return Node(
            name=node.name,
            target=SHAPERS.get(target, target),
            args=tuple(encode(plain(value)) for value in node.args),
            kwargs={key: encode(plain(value)) for key, value in node.kwargs.items()},
            place=node.meta.get("place"),
        )
    except ValueError as error:
        place = printable(node.meta.get("place") or node.name)
        raise rejected(f"passes an argument at {place} that cannot be stored.", "Export the network again.") from error


def assemble(
    architecture: str,
    translated: tuple[tuple[InputInfo, ...], list[Node], tuple[str, ...]],
    tensors: Mapping[str, Tensor],
    parameters: frozenset[str],
) -> Network:
    """The network; its number of classes is known only once shapes are, and is one until then."""
    inputs, nodes, outputs = translated
    used = {name for node in nodes for name in tensor_names(node)}
    kept = {name: tensor for name, tensor in tensors.items() if name in used}
    graph = Graph(
        architecture=architecture,
        inputs=inputs,
        class_count=1,
        outputs=outputs,
        tensors=tuple(tensor_info(name, tensor, is_parameter=name in parameters) for name, tensor in kept.items()),
        nodes=tuple(nodes),
    )
    return Network(graph, kept)

"""What a trace or a file says of a network before it is one: an fx graph of aten operations with tensors beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import torch
from torch import Tensor, fx

from backend.domain.fitting import input_name
from worker.engine.graph.evaluation import Result, UnfitOperation, meta_results
from worker.engine.graph.network import Network
from worker.engine.graph.operations import TARGET_NAMES
from worker.engine.graph.schema import (
    DTYPE_NAMES,
    DTYPES,
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
from worker.engine.network.canonical import IGNORED_KEYWORDS, canonicalize
from worker.engine.network.constants import detach_fills, fold
from worker.engine.network.probing import probe
from worker.engine.network.pureness import make_pure
from worker.engine.network.raising import raised_nodes
from worker.engine.network.unsupported import check_operations, refuse, refuse_unfit

_COUNTER = "num_batches_tracked"
_EXAMPLE_BATCH = 2
_PROBE_BATCHES = (1, 3, 8)
_NO_NAME = re.compile(r"[^A-Za-z0-9_.]")
_CLASS_SCORES = 2
"""Axes of class scores (N, C)."""


@dataclass(frozen=True)
class Draft:
    """An fx graph of placeholders, aten operations and one output (a tuple of nodes).

    Operations may write in place; a node's `meta["place"]` says where the author's source asks for it.
    """

    graph: fx.Graph
    inputs: Mapping[str, InputInfo]
    """By the name of the placeholder that stands for it, in order."""
    tensors: Mapping[str, str]
    """Tensor's name by placeholder; tied placeholders bear one name."""
    values: Mapping[str, Tensor]
    """Tensors by name, in the order of the author's state dict."""
    parameters: frozenset[str]
    constants: frozenset[str] = field(default_factory=frozenset)
    """Names of tensors that are neither parameters nor buffers of a module, but were made while tracing."""


def to_network(draft: Draft, architecture: str) -> Network:
    """The network that a draft describes.

    Writes in place become pure, values that depend on nothing become buffers, training is switched off (raising
    brings it back), checks and counters are dropped. Raises one `JobFailure` (UNSUPPORTED_OPERATION) that names all
    operations beyond the allow-list, or UNKNOWN_ARCHITECTURE for an input or output that is not a batch.
    """
    graph = _copy(draft.graph)
    known = {
        node: draft.values[draft.tensors[node.name]]
        for node in graph.nodes
        if node.op == "placeholder" and draft.tensors.get(node.name) in draft.constants
    }
    detach_fills(graph, probe(graph, _sources(draft)))
    made = fold(graph, known)
    graph = make_pure(graph)
    canonicalize(graph)
    _drop_dead(graph)
    check_operations(graph)
    names = {name: _free(name, draft.values) for name in made}
    values = {**draft.values, **{names[name]: value for name, value in made.items()}}
    tensors = {**draft.tensors, **names}
    network = _assemble(graph, draft, tensors, values, architecture)
    return _checked(network)


def _sources(draft: Draft) -> dict[str, Tensor]:
    """What stands for every placeholder, inputs with a batch of examples on the meta device."""
    inputs = {
        name: torch.empty((_EXAMPLE_BATCH, *info.shape), dtype=DTYPES[info.dtype], device="meta")
        for name, info in draft.inputs.items()
    }
    return inputs | {placeholder: draft.values[name] for placeholder, name in draft.tensors.items()}


def _copy(graph: fx.Graph) -> fx.Graph:
    copy = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    outputs = copy.graph_copy(graph, values)
    for old, new in values.items():
        new.meta = dict(old.meta)
        new.name = old.name
    copy.output(outputs)
    return copy


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name = f"{name}_"
    return name


def _drop_dead(graph: fx.Graph) -> None:
    """Erase what no output depends on; writes that are left over count as read."""
    for node in reversed(list(graph.nodes)):
        if node.op == "call_function" and not node.users and (node.target in TARGET_NAMES or _is_counter(node)):
            graph.erase_node(node)


def _is_counter(node: fx.Node) -> bool:
    """Whether a write that nobody reads goes to a tensor of the module: a counter, or running statistics."""
    written = node.args[0] if node.args else None
    return isinstance(written, fx.Node) and written.op == "placeholder" and len(written.users) == 1


def _assemble(
    graph: fx.Graph, draft: Draft, tensors: Mapping[str, str], values: Mapping[str, Tensor], architecture: str
) -> Network:
    """The graph as a value; the number of classes is found by `_checked`."""
    names: dict[str, Argument] = {}
    inputs = []
    free = _input_names(graph, list(draft.inputs))
    for node in graph.nodes:
        if node.op == "placeholder" and node.name in tensors:
            names[node.name] = TensorReference(tensors[node.name])
    for placeholder, info in draft.inputs.items():
        inputs.append(info.model_copy(update={"name": next(free)}))
        names[placeholder] = Reference(inputs[-1].name)
    nodes = tuple(_node(node, names) for node in graph.nodes if node.op == "call_function")
    outputs = _outputs(graph, names)
    nodes = _alive(nodes, outputs)
    kept = {name for node in nodes for name in tensor_names(node)}
    infos = tuple(
        tensor_info(name, tensor, is_parameter=name in draft.parameters)
        for name, tensor in values.items()
        if name in kept and _is_storable(name, tensor)
    )
    description = Graph(
        architecture=architecture, inputs=tuple(inputs), class_count=1, outputs=outputs, tensors=infos, nodes=nodes
    )
    return Network(description, {name: tensor for name, tensor in values.items() if name in kept})


def _is_storable(name: str, tensor: Tensor) -> bool:
    if tensor.dtype not in DTYPE_NAMES:
        raise refuse(f"The tensor `{name}` holds {tensor.dtype} numbers; these are not supported.")
    return True


def _outputs(graph: fx.Graph, names: Mapping[str, Argument]) -> tuple[str, ...]:
    (result,) = (node for node in graph.nodes if node.op == "output")
    given = result.args[0] if isinstance(result.args[0], list | tuple) else [result.args[0]]
    outputs = [value for value in given if isinstance(value, fx.Node)]
    if not outputs:
        raise refuse("The network has no output.")
    passed = next((value.name for value in outputs if value.op != "call_function" or value.name in names), None)
    if passed is not None:
        raise refuse(f"The network returns `{passed}` as it was given; outputs must be computed.")
    return tuple(dict.fromkeys(value.name for value in outputs))


def _input_names(graph: fx.Graph, given: Sequence[str]) -> Iterator[str]:
    """The author's names, made fit; `x` where there is but one input. No operation has them."""
    taken = {node.name for node in graph.nodes if node.op == "call_function"}
    for name in ["x"] if len(given) == 1 else map(input_name, given):
        free = next(name for name in chain([name], (f"{name}{number}" for number in count(1))) if name not in taken)
        taken.add(free)
        yield free


def _node(node: fx.Node, names: Mapping[str, Argument]) -> Node:
    def translate(value: Any) -> Argument:
        if isinstance(value, fx.Node):
            return names.get(value.name, Reference(value.name))
        if isinstance(value, list | tuple):
            return [translate(item) for item in value]
        return value

    kwargs = {key: value for key, value in node.kwargs.items() if key not in IGNORED_KEYWORDS and value is not None}
    try:
        return Node(
            name=node.name,
            target=TARGET_NAMES[node.target],  # type: ignore[index]  # others were refused before
            args=tuple(encode(translate(value)) for value in node.args),
            kwargs={key: encode(translate(value)) for key, value in kwargs.items()},
            place=node.meta.get("place"),
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


def _checked(network: Network) -> Network:
    """The network with its number of classes, once its shapes make sense at several batch sizes."""
    answers = [_answers(network, batch) for batch in _PROBE_BATCHES]
    width = int(answers[0][0].shape[1])
    graph = network.graph.model_copy(update={"class_count": width})
    counted = Network(graph, network.tensors)
    try:
        raised_nodes(counted)
    except ValueError as error:
        raise refuse(f"The network cannot be trained: {error}.") from error
    return counted


def _answers(network: Network, batch: int) -> list[Tensor]:
    try:
        values = meta_results(network.graph, network.steps, batch)
    except UnfitOperation as error:
        raise refuse_unfit(error, batch) from error
    return [
        _answer(name, values[name], batch, is_first=not number) for number, name in enumerate(network.graph.outputs)
    ]


def _answer(name: str, value: Result, batch: int, *, is_first: bool) -> Tensor:
    if not isinstance(value, Tensor):
        raise refuse(f"The output `{name}` is not a tensor.")
    if is_first and value.dim() != _CLASS_SCORES:
        raise refuse(
            f"The first output, `{name}`, has {value.dim()} axes; class scores `(examples, classes)` are needed.",
            "Only networks that answer with class scores can be pruned; where there are such, return them first.",
        )
    if value.dim() < 1 or value.shape[0] != batch:
        raise refuse(
            f"The output `{name}` is {tuple(value.shape)} for {batch} examples: its first axis must be the batch."
        )
    return value

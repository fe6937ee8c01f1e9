"""Operations with parameters of their own become standard `nn` modules, so that training and evaluation mode work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.operations import kind
from worker.engine.graph.schema import Argument, Graph, Reference, references
from worker.engine.network.layers import Use, make_dropout, make_layer, tensor_attributes

_PLACES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "lstm": ((0,), (1, 0), (1, 1)),
    "gru": ((0,), (1,)),
    "rnn_tanh": ((0,), (1,)),
    "rnn_relu": ((0,), (1,)),
}
"""Where the module's result holds what the operation returns first, second, third."""
_ZEROS = frozenset({"zeros", "new_zeros", "zeros_like"})
_SOURCES = ("input", "indices", "self")
"""What the operations call the values that their layers are called with."""


@dataclass(frozen=True)
class Raised:
    """A module that stands for a node: where it lives, what it is called with, and its tensors by attribute name."""

    path: str
    module: nn.Module
    arguments: tuple[Argument, ...]
    """Decoded arguments of the call; a list stands for a tuple of values."""
    tensors: Mapping[str, str] = field(default_factory=dict)
    """State-dict name by attribute (`weight`, `bias`, `running_mean`, `running_var`)."""
    places: tuple[tuple[int, ...], ...] = ()
    """Where each of the operation's several results is in the module's (`(1, 0)`: the first of its second)."""


def raised_nodes(network: Network) -> dict[str, Raised]:
    """Modules by node name; nodes that use the same layer share its module.

    Raises `ValueError` for a batch norm that no module can stand for: left as it is, it could not be trained.
    """
    names = [info.name for info in network.graph.tensors]
    kinds = {step.node.name: step.kind for step in network.steps}
    raised: dict[str, Raised] = {}
    by_path: dict[str, Raised] = {}
    for step in network.steps:
        item = _raise_step(step, network, kinds)
        if item is not None and not item.tensors:
            item = replace(item, path=_free_path(item.path, names, by_path))
        if item is not None and item.path in by_path:
            item = _shared(item, by_path[item.path])
        if item is not None and _owns_all(item, names):
            raised[step.node.name] = by_path[item.path] = item
        elif step.kind == "batch_norm" and step.bound["running_mean"] is not None:
            raise ValueError(f"the batch norm `{step.node.name}` is not a layer of its own")
    return raised


def live_steps(network: Network, raised: Mapping[str, Raised]) -> tuple[Step, ...]:
    """The steps that the outputs need once modules stand for nodes (a module starts its own states from zero)."""
    needed = set(network.graph.outputs)
    kept = []
    for step in reversed(network.steps):
        if step.node.name in needed:
            kept.append(step)
            item = raised.get(step.node.name)
            values = item.arguments if item is not None else (*step.args, *step.kwargs.values())
            needed.update(name for value in values for name in references(value))
    return tuple(reversed(kept))


def unpacked(graph: Graph, raised: Mapping[str, Raised]) -> dict[str, tuple[int, ...]]:
    """For every node that picks one of a module's results: where that is in what the module returns."""
    found = {}
    for node in graph.nodes:
        if kind(node.target) == "getitem":
            source, position = node.args
            item = raised.get(source["node"]) if isinstance(source, dict) and isinstance(source["node"], str) else None
            if item is not None and item.places and isinstance(position, int):
                found[node.name] = item.places[position]
    return found


def _raise_step(step: Step, network: Network, kinds: Mapping[str, str]) -> Raised | None:
    """The module for a node, or None when the node stays a plain operation.

    A module is made only where its tensors carry the names that the module would give them (`path.weight`, ...).
    The module's tensors are placeholders to be replaced.
    """
    if step.kind.startswith("_"):
        return None
    attributes = tensor_attributes(step.kind, step.bound) if step.node.target.startswith("aten.") else {}
    path = _common_path(attributes)
    if path is None:
        return _raise_dropout(step, network)
    source = next((step.bound[name] for name in _SOURCES if isinstance(step.bound.get(name), Reference)), None)
    if source is None:
        return None
    shapes = {attribute: tuple(network.tensors[name].shape) for attribute, name in attributes.items()}
    module = make_layer(Use(step.kind, step.bound, shapes, _axes(source, network)))
    if module is None:
        return None
    arguments = (source, *_states(step, kinds))
    return Raised(path, module, arguments, attributes, _PLACES.get(step.kind, ()))


def _raise_dropout(step: Step, network: Network) -> Raised | None:
    """The module for an operation that is random in training only."""
    if "dropout" not in step.kind and step.kind != "scaled_dot_product_attention":
        return None
    if step.kind == "scaled_dot_product_attention":
        values = [step.bound[name] for name in ("query", "key", "value")]
        mask = step.bound["attn_mask"]
        arguments = tuple(values if mask is None else [*values, mask])
    else:
        arguments = (step.bound["input"],)
    module = make_dropout(Use(step.kind, step.bound, {}, _axes(arguments[0], network)))
    return None if module is None else Raised(step.node.name, module, arguments)


def _states(step: Step, kinds: Mapping[str, str]) -> list[Argument]:
    """The initial states of a recurrent layer, unless they are zero, from which it starts by itself."""
    given = step.bound.get("hx")
    states = given if isinstance(given, list) else [given]
    is_zero = all(isinstance(state, Reference) and kinds.get(state.node) in _ZEROS for state in states)
    return [] if given is None or is_zero else [given]


def _axes(value: Argument, network: Network) -> int:
    """Number of axes of an argument; 0 when that is no tensor."""
    result = network.shapes.get(value.node) if isinstance(value, Reference) else None
    return result.dim() if isinstance(result, Tensor) else 0


def _shared(item: Raised, earlier: Raised) -> Raised | None:
    """The earlier module in a second use; None when the two uses differ in their options."""
    is_same = item.tensors == earlier.tensors and repr(item.module) == repr(earlier.module)
    return replace(item, module=earlier.module) if is_same else None


def _common_path(attributes: Mapping[str, str]) -> str | None:
    """The module path that all tensors share, when each is `path.attribute`."""
    paths = {tensor.rpartition(".")[0] for tensor in attributes.values()}
    fits = all(tensor.rpartition(".")[2] == attribute for attribute, tensor in attributes.items())
    return paths.pop() if fits and len(paths) == 1 and "" not in paths else None


def _owns_all(item: Raised, names: Iterable[str]) -> bool:
    """Whether every tensor under the module's path is one that the module holds."""
    own = set(item.tensors.values())
    return all(name in own for name in names if name.startswith(f"{item.path}."))


def _free_path(path: str, names: Iterable[str], taken: Iterable[str]) -> str:
    roots = {name.partition(".")[0] for name in names} | set(taken)
    while path in roots:
        path = f"{path}_"
    return path

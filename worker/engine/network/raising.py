"""Operations with parameters of their own become standard `nn` modules, so that training and evaluation mode work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from worker.engine.graph import Network
from worker.engine.graph.operations import bind, kind
from worker.engine.graph.schema import Node, Reference, TensorReference, decode

_BATCH_NORM = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
_LINEAR_AXES = {"conv1d": 1, "conv2d": 2}


@dataclass(frozen=True)
class Raised:
    """A module that stands for a node: where it lives, what it reads, and its tensors by attribute name."""

    path: str
    module: nn.Module
    source: Reference
    tensors: Mapping[str, str]
    """State-dict name by attribute (`weight`, `bias`, `running_mean`, `running_var`)."""


def raised_nodes(network: Network) -> dict[str, Raised]:
    """Modules by node name; nodes that use the same layer share its module.

    Raises `ValueError` for a batch norm that no module can stand for: left as it is, it could not be trained.
    """
    values = network.shapes
    names = [info.name for info in network.graph.tensors]
    raised: dict[str, Raised] = {}
    by_path: dict[str, Raised] = {}
    for node in network.graph.nodes:
        item = _raise_node(node, network.tensors, _source_axes(node, values))
        if item is not None and not item.tensors:
            item = replace(item, path=_free_path(item.path, names, by_path))
        if item is not None and item.path in by_path:
            item = _shared(item, by_path[item.path])
        if item is not None and _owns_all(item, names):
            raised[node.name] = by_path[item.path] = item
        elif kind(node.target) == "batch_norm":
            raise ValueError(f"the batch norm `{node.name}` is not a layer of its own")
    return raised


def _source_axes(node: Node, values: Mapping[str, Any]) -> int:
    """Number of axes of a node's first argument; 0 when that is no tensor."""
    first = decode(node.args[0]) if node.args else None
    value = values[first.node] if isinstance(first, Reference) else None
    return value.dim() if isinstance(value, Tensor) else 0


def _shared(item: Raised, earlier: Raised) -> Raised | None:
    """The earlier module in a second use; None when the two uses differ in their options."""
    is_same = item.tensors == earlier.tensors and repr(item.module) == repr(earlier.module)
    return replace(item, module=earlier.module) if is_same else None


def _raise_node(node: Node, tensors: Mapping[str, Tensor], source_axes: int) -> Raised | None:
    """The module for a node, or None when the node stays a plain operation.

    A module is made only where its tensors carry the names that the module would give them (`path.weight`, ...).
    `source_axes` is the number of axes of the node's input. The module's tensors are placeholders to be replaced.
    """
    bound = bind(node.target, tuple(decode(value) for value in node.args), _decoded(node.kwargs))
    name = kind(node.target)
    if name == "dropout":
        return Raised(node.name, nn.Dropout(bound["p"]), bound["input"], {})
    attributes = _tensor_attributes(name, bound)
    path = _common_path(attributes)
    if path is None or not isinstance(bound.get("input"), Reference):
        return None
    shapes = {attribute: tensors[tensor].shape for attribute, tensor in attributes.items()}
    module = _module(name, bound, shapes, source_axes)
    return None if module is None else Raised(path, module, bound["input"], attributes)


def _decoded(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: decode(value) for key, value in kwargs.items()}


def _tensor_attributes(name: str, bound: Mapping[str, Any]) -> dict[str, str]:
    """Tensors of a node by the attribute the module would hold them under."""
    if name not in ("conv1d", "conv2d", "linear", "batch_norm"):
        return {}
    keys = ("weight", "bias", "running_mean", "running_var")
    return {key: bound[key].tensor for key in keys if isinstance(bound.get(key), TensorReference)}


def _common_path(attributes: Mapping[str, str]) -> str | None:
    """The module path that all tensors share, when each is `path.attribute`."""
    paths = {tensor.rpartition(".")[0] for tensor in attributes.values()}
    fits = all(tensor.rpartition(".")[2] == attribute for attribute, tensor in attributes.items())
    return paths.pop() if fits and len(paths) == 1 and "" not in paths else None


def _module(
    name: str, bound: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], source_axes: int
) -> nn.Module | None:
    if name == "batch_norm":
        return _batch_norm(bound, shapes, source_axes)
    if "weight" not in shapes:
        return None
    out_width, in_width = shapes["weight"][:2]
    if name == "linear":
        return nn.Linear(in_width, out_width, bias="bias" in shapes, device="meta")
    axes = _LINEAR_AXES[name]
    padding = bound["padding"]
    convolution = nn.Conv1d if axes == 1 else nn.Conv2d
    return convolution(
        in_width * bound["groups"],
        out_width,
        tuple(shapes["weight"][2:]),  # type: ignore[arg-type]  # one or two sizes, by the convolution
        stride=widen(bound["stride"], axes),  # type: ignore[arg-type]
        padding=padding if isinstance(padding, str) else widen(padding, axes),  # type: ignore[arg-type]
        dilation=widen(bound["dilation"], axes),  # type: ignore[arg-type]
        groups=bound["groups"],
        bias="bias" in shapes,
        device="meta",
    )


def widen(value: int | list[int], axes: int) -> tuple[int, ...]:
    """One size for each spatial axis: aten keeps a single number where it stands for all axes."""
    sizes = [value] if isinstance(value, int) else list(value)
    return tuple(sizes * axes if len(sizes) == 1 else sizes)


def _batch_norm(bound: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], source_axes: int) -> nn.Module | None:
    if "running_mean" not in shapes or source_axes not in _BATCH_NORM:
        return None
    (width,) = shapes["running_mean"]
    module = _BATCH_NORM[source_axes](
        width, eps=bound["eps"], momentum=bound["momentum"], affine="weight" in shapes, device="meta"
    )
    module.num_batches_tracked = None
    module.register_load_state_dict_pre_hook(_forget_counter)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return module


def _forget_counter(_module: nn.Module, state: dict[str, Any], prefix: str, *_rest: object) -> None:
    """Drop the counter that torch adds to state dicts without a version: with fixed momentum it decides nothing."""
    state.pop(f"{prefix}num_batches_tracked", None)


def _owns_all(item: Raised, names: Iterable[str]) -> bool:
    """Whether every tensor under the module's path is one that the module holds."""
    own = set(item.tensors.values())
    return all(name in own for name in names if name.startswith(f"{item.path}."))


def _free_path(path: str, names: Iterable[str], taken: Iterable[str]) -> str:
    roots = {name.partition(".")[0] for name in names} | set(taken)
    while path in roots:
        path = f"{path}_"
    return path

"""Operations that write in place become operations that return a new value."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from worker.engine.graph.operations import TARGET_NAMES

_ATEN = torch.ops.aten
_SPLITS = frozenset({_ATEN.split, _ATEN.split_with_sizes, _ATEN.chunk, _ATEN.unbind})
_VIEWS = frozenset(
    {
        *(
            _ATEN.alias,
            _ATEN.detach,
            _ATEN.diagonal,
            _ATEN.expand,
            _ATEN.narrow,
            _ATEN.permute,
            _ATEN.select,
            _ATEN.slice,
        ),
        *(_ATEN.squeeze, _ATEN.t, _ATEN.transpose, _ATEN.unsqueeze, _ATEN.view, *_SPLITS),
    }
)
"""Operations whose result is their argument's memory."""
_POSSIBLE_VIEWS = frozenset(
    {_ATEN.contiguous, _ATEN.dropout, _ATEN.feature_dropout, _ATEN.flatten, _ATEN.reshape, _ATEN.to, _ATEN.unflatten}
)
"""Operations whose result may be their argument's memory, depending on strides, types or the mode."""
_PURE_OPERATORS = {f"__i{name}__": f"bitwise_{name}" for name in ("and", "or", "xor")}
"""Python's operators that write in place -> what returns the same."""


def pure_variant(target: object) -> Callable[..., Any] | None:
    """The operation that returns what `target` writes in place; None when there is none, or it is not allowed."""
    if target is _ATEN.zero_.default:
        return _ATEN.zeros_like.default
    name = str(target)
    packet, _, overload = name.removeprefix("aten.").partition(".")
    if not (name.startswith("aten.") and packet.endswith("_")):
        return None
    pure_name = _PURE_OPERATORS.get(packet, packet[:-1])
    pure: Callable[..., Any] | None = getattr(getattr(_ATEN, pure_name, None), overload, None)
    return pure if pure in TARGET_NAMES or pure is _ATEN.copy.default else None


def make_pure(graph: fx.Graph) -> fx.Graph:
    """A copy of `graph` in which every known in-place operation is pure and later readers read its result.

    Views of what was written are taken anew; a write to a slice becomes a scatter. A write that cannot be followed
    is left as it is, so that the allow-list refuses it instead of computing something else.
    """
    copy = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    outputs = copy.graph_copy(graph, values)
    for old, new in values.items():
        new.meta = dict(old.meta)
        new.name = old.name  # fx would change `input`, as it changes all names that Python has for itself
    copy.output(outputs)
    for node in list(copy.nodes):
        pure = pure_variant(node.target) if node.op == "call_function" else None
        written = node.args[0] if node.args else None
        if pure is not None and isinstance(written, fx.Node) and _replace(node, written):
            node.target = pure
    return copy


def _replace(write: fx.Node, written: fx.Node) -> bool:
    """Give later readers of everything that shares memory with `written` the new values; False if that is unknown."""
    order = {node: position for position, node in enumerate(write.graph.nodes)}
    sharing = sharing_memory(written)
    stale = {node for node in sharing if node is not written and _later(node, write, order)}
    if stale and not all(_is_certain(node) for node in sharing):
        return False
    renewed = {written: write}
    if not _renew_source(written, stale, renewed):
        return False
    for node in sorted(stale, key=order.__getitem__):
        if node in renewed:
            continue
        source = node.args[0]
        if not isinstance(source, fx.Node):
            return False
        with write.graph.inserting_after(max(renewed.values(), key=_position(write.graph))):
            new = write.graph.node_copy(node, lambda item: renewed.get(item, item))
        renewed[node] = new
    made = set(renewed.values())
    for node, new in renewed.items():
        for reader in _later(node, write, order):
            if reader not in made:
                reader.replace_input_with(node, new)
    return True


def _renew_source(written: fx.Node, stale: set[fx.Node], renewed: dict[fx.Node, fx.Node]) -> bool:
    """Put what was written into what it is a view of, when that is read again; False if there is no way."""
    source = _source(written)
    if source is None or not stale & _others(source, written):
        return True
    write = renewed[written]
    with write.graph.inserting_after(write):
        new = _scatter(write.graph, written, source, write)
    if new is None:
        return False
    renewed[source] = new
    return _renew_source(source, stale, renewed)


def _scatter(graph: fx.Graph, view: fx.Node, source: fx.Node, value: fx.Node) -> fx.Node | None:
    """The source of a view with the view's elements replaced by `value`."""
    packet, rest = getattr(view.target, "overloadpacket", None), view.args[1:]
    if view.kwargs:
        return None
    if packet is _ATEN.slice:
        return graph.call_function(_ATEN.slice_scatter.default, (source, value, *rest))
    if packet is _ATEN.select:
        return graph.call_function(_ATEN.select_scatter.default, (source, value, *rest))
    if packet in (_ATEN.view, _ATEN.unsqueeze, _ATEN.squeeze):
        return graph.call_function(_ATEN.reshape_as.default, (value, source))
    if packet in (_ATEN.transpose, _ATEN.t, _ATEN.alias, _ATEN.detach):
        target: Any = view.target
        return graph.call_function(target, (value, *rest))
    return None


def sharing_memory(start: fx.Node, *, with_writes: bool = False) -> set[fx.Node]:
    """All values that may share memory with `start`, itself included; parts of a split do not share any.

    Results of operations in place are among them if `with_writes`.
    """
    found, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        source = _source(node, with_writes=with_writes)
        near = [user for user in node.users if _source(user, with_writes=with_writes) is node]
        if getattr(node.target, "overloadpacket", None) in _SPLITS and found & set(near):
            near = []  # reached from one of its parts
        for other in [*near, *([source] if source is not None else [])]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _others(source: fx.Node, view: fx.Node) -> set[fx.Node]:
    """A source, what it is a view of, and all their views but `view` and its views."""
    below, waiting = {view}, [view]
    while waiting:
        node = waiting.pop()
        views = [user for user in node.users if _source(user) is node]
        below.update(views)
        waiting += views
    return sharing_memory(source) - below


def _source(node: fx.Node, *, with_writes: bool = False) -> fx.Node | None:
    """What a view is a view of (and, if asked for, what an operation in place writes to)."""
    packet = getattr(node.target, "overloadpacket", None) if node.op == "call_function" else None
    is_view = packet in _VIEWS or packet in _POSSIBLE_VIEWS or node.target is operator.getitem
    is_view = is_view or (with_writes and pure_variant(node.target) is not None)
    first = node.args[0] if node.args else None
    return first if is_view and isinstance(first, fx.Node) else None


def _is_certain(node: fx.Node) -> bool:
    return getattr(node.target, "overloadpacket", None) not in _POSSIBLE_VIEWS


def _later(node: fx.Node, write: fx.Node, order: dict[fx.Node, int]) -> list[fx.Node]:
    after = order[write]
    return [user for user in node.users if user is not write and order.get(user, after) > after]


def _position(graph: fx.Graph) -> Callable[[fx.Node], int]:
    order = {node: position for position, node in enumerate(graph.nodes)}
    return order.__getitem__

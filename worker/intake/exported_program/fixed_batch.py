"""A program that was exported for one batch size is made to take any, where the places of that size are clear."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx

from worker.engine.network.probing import run_on_meta
from worker.intake.exported_program.signature import DYNAMIC_BATCH
from worker.intake.free_batch import batch_place
from worker.intake.refusals import FileRefusal, printable, rejected

FACTOR = 5
"""The second batch that shapes are worked out for is this many times the one of the export."""
_ATEN = torch.ops.aten
_RESHAPES = frozenset({_ATEN.view.default, _ATEN.reshape.default, _ATEN._unsafe_view.default})
_FILLS: Mapping[object, int] = {
    **dict.fromkeys([_ATEN.zeros.default, _ATEN.ones.default, _ATEN.full.default, _ATEN.empty.memory_format], 0),
    **dict.fromkeys([_ATEN.new_zeros.default, _ATEN.new_ones.default, _ATEN.new_full.default], 1),
}
"""Operations that make a tensor of a size -> which argument gives it."""
_RECURRENT = frozenset({_ATEN.lstm.input, _ATEN.gru.input, _ATEN.rnn_tanh.input, _ATEN.rnn_relu.input})
_STATE_AXIS = 1
"""Where the batch is in a recurrent layer's first state, always."""


@dataclass
class _Shapes:
    """Results of all nodes for the batch of the export, and for a larger one."""

    small: dict[fx.Node, Any] = field(default_factory=dict)
    large: dict[fx.Node, Any] = field(default_factory=dict)

    def grown(self, node: object) -> int | None:
        """The axis of a node's result that grows with the batch; None where there is none, or more than one."""
        small, large = self.small.get(node), self.large.get(node)  # type: ignore[call-overload]  # numbers are not there
        if not isinstance(small, Tensor) or not isinstance(large, Tensor):
            return None
        axes = [axis for axis, (old, new) in enumerate(zip(small.shape, large.shape, strict=True)) if old != new]
        return axes[0] if len(axes) == 1 else None


def free_batch(graph: fx.Graph, examples: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> list[str]:
    """Let `graph` take any batch size, in place; returns the places of the operations that were changed.

    `examples` holds the inputs as they were exported, `tensors` all others, by placeholder. Raises `FileRefusal` for
    the first operation that does not fit another batch size.
    """
    shapes = _Shapes()
    source = next(node for node in graph.nodes if node.op == "placeholder" and node.name in examples)
    batch = examples[source.name].shape[0]
    changed = []
    for node in list(graph.nodes):
        if node.op == "placeholder":
            value = (examples if node.name in examples else tensors)[node.name].to("meta")
            shapes.small[node] = value
            shapes.large[node] = value.repeat(FACTOR, *[1] * (value.dim() - 1)) if node.name in examples else value
        elif node.op == "call_function":
            shapes.small[node] = _run(node, shapes.small)
            if _free(node, shapes, batch, source):
                changed.append(node.meta.get("place") or node.name)
            shapes.large[node] = _run(node, shapes.large)
            if shapes.small[node] is not None and shapes.large[node] is None:
                raise burned_in([node.meta.get("place") or node.name], batch)
    return changed


def burned_in(places: Sequence[str], batch: int) -> FileRefusal:
    """The refusal for a batch size that cannot be made free."""
    shown = ", ".join(f"`{printable(place)}`" for place in places[:5])
    return rejected(f"takes batches of {batch} only: that size is burned in at {shown}.", DYNAMIC_BATCH)


def _run(node: fx.Node, known: Mapping[fx.Node, Any]) -> Any:
    """The node's result on the meta device; a `view` is run as a `reshape`: memory may be laid out otherwise there."""
    result = run_on_meta(node, known)
    if result is not None or node.target not in _RESHAPES:
        return result
    target, node.target = node.target, _ATEN.reshape.default
    result = run_on_meta(node, known)
    node.target = target
    return result


def _free(node: fx.Node, shapes: _Shapes, batch: int, source: fx.Node) -> bool:
    """Replace the batch in the sizes that a node is given; False if there is nothing to replace."""
    if node.target in _RESHAPES:
        return _free_reshape(node, shapes, batch)
    if node.target in (_ATEN.expand.default, _ATEN.repeat.default):
        return _free_expand(node, shapes, batch, source)
    position = _FILLS.get(node.target)
    sizes = node.args[position] if position is not None and len(node.args) > position else ()
    places = [at for at, size in enumerate(sizes) if size == batch] if isinstance(sizes, list | tuple) else []
    is_state = any(user.target in _RECURRENT for user in node.users)
    if is_state:
        places = [at for at in places if at == _STATE_AXIS]
    if len(places) != 1 or (batch == 1 and not is_state):
        return False
    _set_size(node, position or 0, places[0], lambda: _batch_size(node, source, shapes))
    return True


def _free_reshape(node: fx.Node, shapes: _Shapes, batch: int) -> bool:
    given, axis = node.args[0], shapes.grown(node.args[0])
    sizes, result = node.args[1], shapes.small[node]
    if axis is None or not isinstance(sizes, list | tuple) or any(isinstance(size, fx.Node) for size in sizes):
        return False
    if not isinstance(result, Tensor) or not isinstance(given, fx.Node):
        return False
    place = batch_place(shapes.small[given].shape, axis, result.shape, batch)
    if place is None or sizes[place] == -1:
        return False
    node.args = (given, [-1 if at == place else size for at, size in enumerate(result.shape)])
    return True


def _free_expand(node: fx.Node, shapes: _Shapes, batch: int, source: fx.Node) -> bool:
    """`expand` to, or `repeat` for, the batch of the export: of a value that grows itself, or of a constant."""
    sizes = node.args[1]
    if not isinstance(sizes, list | tuple) or not sizes:
        return False
    axis = shapes.grown(node.args[0])
    if axis is None:
        if sizes[0] != batch:
            return False
        _set_size(node, 1, 0, lambda: _batch_size(node, source, shapes))
        return True
    place = axis + len(sizes) - shapes.small[node.args[0]].dim()  # type: ignore[index]  # it grows, so it is a node
    if node.target is not _ATEN.expand.default or sizes[place] == -1:
        return False
    _set_size(node, 1, place, lambda: -1)
    return True


def _set_size(node: fx.Node, position: int, place: int, make: Callable[[], Any]) -> None:
    """Put another size at `place` of the list that is the argument at `position`."""
    sizes = list(node.args[position])  # type: ignore[arg-type]  # it was looked at before
    sizes[place] = make()
    node.args = (*node.args[:position], sizes, *node.args[position + 1 :])


def _batch_size(node: fx.Node, source: fx.Node, shapes: _Shapes) -> fx.Node:
    """A node before `node` that gives the number of examples."""
    with node.graph.inserting_before(node):
        size = node.graph.call_function(_ATEN.sym_size.int, (source, 0))
    shapes.small[size], shapes.large[size] = shapes.small[source].shape[0], shapes.large[source].shape[0]
    return size

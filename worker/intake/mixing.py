"""Networks that mix the examples of a batch: the answer for one would depend on what else is in its batch."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from worker.engine.graph import Network
from worker.engine.graph.evaluation import Result, Step, meta_results
from worker.engine.graph.operations import RECURRENT
from worker.engine.graph.schema import Reference
from worker.intake.free_batch import ERRORS, is_independent
from worker.intake.refusals import FileRefusal, printable, rejected

_NAMED = 3
"""Places that the refusal names."""
_KINDS = (
    "permute transpose movedim unsqueeze squeeze flatten unflatten view reshape cat stack split chunk unbind size "
    "sym_size expand repeat dropout feature_dropout clone contiguous detach alias"
)
_MOVING = frozenset(_KINDS.split())
"""Kinds of operations that name axes and put values elsewhere, but make none of several."""


def check_apart(network: Network) -> None:
    """Raise `FileRefusal` for a network in which examples of a batch meet, naming where.

    Operations along the axis that holds the examples, and results that no longer hold them on one axis, are suspects;
    whether they mix anything is seen by running the network, once there are any.
    """
    suspects = list(_suspects(network))
    if suspects and not is_independent(network):
        raise _mixes(suspects)


def _mixes(suspects: list[Step]) -> FileRefusal:
    places = (printable(step.node.place or step.node.name) for step in suspects[:_NAMED])
    named = ", ".join(f"`{place}`" for place in places)
    return rejected(
        f"mixes the examples of a batch at {named}: the answer for one depends on what else is in its batch, so no "
        "accuracy can be told.",
        "Work along the other axes there: the first axis of inputs and outputs is the batch, and each example in it "
        "stands alone.",
    )


def _suspects(network: Network) -> Iterator[Step]:
    try:
        doubled = meta_results(network.graph, network.steps, batch=2)
    except ERRORS:
        return  # sizes that are burned in are refused where they are read
    axes = {name: _growing(network.shapes[name], result) for name, result in doubled.items()}
    for step in network.steps:
        held = [(key, axes[value.node]) for key, value in step.bound.items() if isinstance(value, Reference)]
        held = [(key, found) for key, found in held if found]
        if held and step.kind not in _MOVING and _is_suspect(step, dict(held), axes[step.node.name], network.shapes):
            yield step


def _growing(single: Result, double: Result) -> tuple[int, ...]:
    """The axes that grow with the batch, of the first tensor of a result."""
    if isinstance(single, list | tuple):
        return _growing(single[0], double[0])
    if not isinstance(single, Tensor) or not isinstance(double, Tensor):
        return ()
    return tuple(axis for axis, (old, new) in enumerate(zip(single.shape, double.shape, strict=True)) if old != new)


def _is_suspect(
    step: Step, held: Mapping[str, tuple[int, ...]], result: tuple[int, ...], shapes: Mapping[str, Any]
) -> bool:
    if len(result) != 1:
        return isinstance(shapes[step.node.name], Tensor)
    key, (axis, *_) = next(iter(held.items()))
    source = shapes[step.bound[key].node]
    count = source.dim() if isinstance(source, Tensor) else 0
    if step.kind in RECURRENT:
        return axis != (0 if step.bound.get("batch_first") else 1)
    if step.kind == "scaled_dot_product_attention":
        return axis >= count - 2
    if step.kind == "index":
        picked: Any = step.bound["indices"]
        return len(picked) > axis and picked[axis] is not None
    if step.kind == "slice":
        return bool(step.bound["dim"] == axis and (step.bound.get("start") or step.bound.get("step", 1) != 1))
    return axis in _named_axes(step, count)


def _named_axes(step: Step, count: int) -> set[int]:
    """The axes of its source, which has `count`, that an operation works along."""
    found: set[int] = set()
    for key in ("dim", "dims"):
        named: Any = step.bound.get(key)
        listed = [named] if isinstance(named, int) else named if isinstance(named, list) else []
        found.update(axis % count for axis in listed if isinstance(axis, int) and count)
    return found

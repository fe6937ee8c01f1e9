"""Which steps of a program count, and whether each is one that networks may consist of."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from backend.domain.errors import FailureCode
from worker.engine.graph.operations import OPERATIONS
from worker.intake.exported_program.arguments import Subgraph, Unreadable
from worker.intake.exported_program.operations import Step
from worker.intake.refusals import FileRefusal, printable, rejected

IN_PLACE = re.compile(r"aten\.(?P<packet>\w*[a-z0-9])_\.(?P<overload>\w+)", re.ASCII)
MAX_NAMED = 20
CHECKS = frozenset(
    [
        "aten._assert_tensor_metadata.default",
        "aten._assert_scalar.default",
        "aten._assert_async.msg",
        "aten.sym_constrain_range.default",
        "aten.sym_constrain_range_for_size.default",
    ]
)
"""Operations that compute nothing: they check what the traced example satisfied."""


def alive(steps: Sequence[Step], outputs: Sequence[str], tensors: Mapping[str, str]) -> list[Step]:
    """The steps that the outputs depend on, in order; writes to values count, writes to unread tensors do not.

    `tensors` gives the tensor's name by placeholder.
    """
    needed = set(outputs)
    kept = []
    for step in reversed(steps):
        if step.target in CHECKS:
            continue
        written = next(step.read(), None) if IN_PLACE.fullmatch(step.target) else None
        is_write = written is not None and (written not in tensors or written in needed)
        if is_write or needed.intersection(name for name in step.outputs if name):
            kept.append(step)
            needed.update(step.read())
    return kept[::-1]


def resolve(steps: Sequence[Step], tensors: Mapping[str, str]) -> list[Callable[..., Any]]:
    """The operation of every step; raises one `FileRefusal` that names all that are not supported."""
    operations = [_find(step.target) for step in steps]
    missing = [
        (step.target if operation is None else f"{step.target} with {reason}", step)
        for step, operation in zip(steps, operations, strict=True)
        if (reason := _unreadable(step)) or operation is None
    ]
    if missing:
        raise unsupported([(name, step.place, step.outputs) for name, step in missing])
    for step in steps:
        written = next(step.read(), "") if IN_PLACE.fullmatch(step.target) else ""
        if written in tensors:
            raise rejected(
                f"writes to its tensor `{printable(tensors[written])}`{_at(step.place)} while it runs.",
                "Keep state out of the network's forward pass.",
            )
    return [operation for operation in operations if operation is not None]


def unsupported(found: Sequence[tuple[str, str | None, tuple[str | None, ...]]]) -> FileRefusal:
    """One refusal that names every operation (name, place, results) which networks cannot consist of."""
    named = [f"`{printable(name)}`{_at(place or (outputs[0] if outputs else None))}" for name, place, outputs in found]
    distinct = list(dict.fromkeys(named))
    more = f" and {len(distinct) - MAX_NAMED} more" if len(distinct) > MAX_NAMED else ""
    return FileRefusal(
        FailureCode.UNSUPPORTED_OPERATION,
        f"uses operations that are not supported: {', '.join(distinct[:MAX_NAMED])}{more}.",
        "Replace them in the network by standard layers, and export it again in evaluation mode, undecomposed.",
    )


def _find(target: str) -> Callable[..., Any] | None:
    """An operation of the allow-list, or the one that does the same in place."""
    match = IN_PLACE.fullmatch(target)
    if match is None or target in OPERATIONS:
        return OPERATIONS.get(target)
    packet, overload = match["packet"], match["overload"]
    if f"aten.{packet}.{overload}" not in OPERATIONS or not hasattr(torch.ops.aten, f"{packet}_"):
        return None
    operation: Callable[..., Any] | None = getattr(getattr(torch.ops.aten, f"{packet}_"), overload, None)
    return operation


def _unreadable(step: Step) -> str:
    """Why an argument makes the step one that cannot be supported; empty if none does."""
    for _, value in step.arguments:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Unreadable):
                return f"an argument of kind {item.reason}"
            if isinstance(item, Subgraph):
                return "a graph inside (control flow)"
    return ""


def _at(place: str | None) -> str:
    return f" ({printable(place)})" if place else ""

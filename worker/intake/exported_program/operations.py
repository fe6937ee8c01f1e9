"""Steps of an exported program as plain values: the description's nested graphs laid out in one row."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.intake.exported_program.arguments import Subgraph, Value, names_in, read_value
from worker.intake.exported_program.document import SAVE_AGAIN, Record, malformed, to_list
from worker.intake.exported_program.places import read_place
from worker.intake.refusals import printable, rejected

MAX_STEPS = 50_000
MAX_DEPTH = 8
"""Of graphs inside graphs."""
TARGET = re.compile(r"torch\.ops\.(?P<aten>aten\.\w+\.\w+)|_(?P<operator>operator\.\w+)", re.ASCII)
INLINED = {"torch.ops.higher_order.wrap_with_set_grad_enabled": 1, "torch.ops.higher_order.wrap_with_autocast": 4}
"""Operations that only run a graph -> where the graph stands among their arguments."""
AUTOCAST = "torch.ops.higher_order.wrap_with_autocast"
AUTOCAST_ENABLED = 2


@dataclass(frozen=True)
class Step:
    """One operation; `target` is `aten.relu.default`, `operator.mul`, or what the file says if it is neither."""

    target: str
    arguments: tuple[tuple[str, Any], ...]
    """Parameter's name (may be empty) and value: a `Value`, a plain value, or a list of these."""
    outputs: tuple[str | None, ...]
    """Names of the results; None for one that nobody may read."""
    is_list: bool
    """Whether the result is a sequence even where it has one element."""
    place: str | None

    def read(self) -> Iterator[str]:
        """Names of everything it reads."""
        for _, value in self.arguments:
            yield from names_in(value)


@dataclass
class _Row:
    steps: list[Step] = field(default_factory=list)
    count: int = 0
    taken: set[str] = field(default_factory=set)


def read_steps(graph: Record) -> list[Step]:
    """All steps in the order of execution, graphs that are merely run laid out in place; raises `FileRefusal`."""
    row = _Row(taken={_input_name(item) for item in graph.records("inputs")})
    _lay_out(graph, {name: Value(name) for name in row.taken}, row, 0)
    return row.steps


def check_count(graph: Record, before: int = 0) -> int:
    """The operations of a graph, of which nothing is read yet; raises `FileRefusal` where they are too many."""
    count = len(to_list(graph.get("nodes"), f"{graph.place}.nodes"))
    if before + count > MAX_STEPS:
        raise rejected(f"has more than {MAX_STEPS} operations; no more are read.", "Export a smaller network.")
    return count


def _lay_out(graph: Record, known: Mapping[str, Any], row: _Row, depth: int) -> dict[str, Any]:
    """Append the graph's steps under names of their own; returns what each of its names stands for."""
    if depth > MAX_DEPTH:
        raise rejected(f"nests graphs more than {MAX_DEPTH} deep.", SAVE_AGAIN)
    stands_for = dict(known)
    row.count += check_count(graph, row.count)
    for node in graph.records("nodes"):
        arguments = tuple((entry.text("name"), _resolve(read_value(entry.record("arg")), stands_for, entry.place))
                          for entry in node.records("inputs"))  # fmt: skip
        target = node.text("target")
        outputs, is_list = _read_outputs(node)
        inner = _graph_to_inline(target, arguments)
        if inner is not None:
            results = _inline(inner, arguments[INLINED[target] + 1 :], row, depth)
            stands_for |= _pair(outputs, results, node)
            continue
        renamed = tuple(None if name is None else _free(name, row.taken) for name in outputs)
        stands_for |= {old: Value(new) for old, new in zip(outputs, renamed, strict=True) if old and new}
        row.steps.append(Step(_plain(target), arguments, renamed, is_list, read_place(node)))
    return stands_for


def _inline(inner: Subgraph, given: tuple[tuple[str, Any], ...], row: _Row, depth: int) -> list[Any]:
    names = [_input_name(item) for item in inner.record.records("inputs")]
    if len(names) != len(given):
        raise malformed(f"{inner.record.place}.inputs", f"a list of {len(given)}")
    known = {name: value for name, (_, value) in zip(names, given, strict=True)}
    stands_for = _lay_out(inner.record, known, row, depth + 1)
    return [_resolve(read_value(item), stands_for, item.place) for item in inner.record.records("outputs")]


def _graph_to_inline(target: str, arguments: tuple[tuple[str, Any], ...]) -> Subgraph | None:
    position = INLINED.get(target, len(arguments))
    if position >= len(arguments):
        return None
    if target == AUTOCAST and arguments[AUTOCAST_ENABLED][1] is not False:
        return None
    value = arguments[position][1]
    return value if isinstance(value, Subgraph) else None


def _pair(outputs: tuple[str | None, ...], results: list[Any], node: Record) -> dict[str, Any]:
    if len(outputs) > len(results):
        raise malformed(f"{node.place}.outputs", f"a list of {len(results)}")
    return {name: value for name, value in zip(outputs, results, strict=False) if name is not None}


def _read_outputs(node: Record) -> tuple[tuple[str | None, ...], bool]:
    """Names of a node's results, and whether the operation itself gives a sequence."""
    names: list[str | None] = []
    outputs = node.records("outputs")
    is_list = len(outputs) > 1
    for output in outputs:
        kind, content = output.variant()
        if kind == "as_tensors":
            is_list = True
            names += [Record(item, output.place).text("name") for item in to_list(content, output.place)]
        elif kind == "as_tensor":
            names.append(Record(content, output.place).text("name"))
        elif kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
            names.append(Record(content, output.place).text("as_name"))
        else:
            names.append(None)
    return tuple(names), is_list


def _input_name(argument: Record) -> str:
    kind, content = argument.variant()
    if kind == "as_tensor":
        return Record(content, argument.place).text("name")
    if kind == "as_sym_int":
        return Record(content, argument.place).text("as_name")
    return f"{argument.place}.{kind}"


def _free(name: str, taken: set[str]) -> str:
    """A name that no step has yet."""
    candidate, number = name, 0
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate


def _plain(target: str) -> str:
    match = TARGET.fullmatch(target)
    return (match["aten"] or match["operator"]) if match else target


def _resolve(value: Any, stands_for: Mapping[str, Any], place: str) -> Any:
    """The value with the names of an inner graph replaced by what they stand for outside."""
    if isinstance(value, Value):
        if value.name not in stands_for:
            raise malformed(place, f"something that exists at that point, not `{printable(value.name)}`")
        return stands_for[value.name]
    return [_resolve(item, stands_for, place) for item in value] if isinstance(value, list) else value

"""Arguments of an exported program's operations as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.engine.graph.schema import DTYPES
from worker.intake.exported_program.document import Record, malformed, to_integer, to_list, to_number
from worker.intake.exported_program.payloads import SCALAR_TYPES
from worker.intake.refusals import printable


@dataclass(frozen=True)
class Value:
    """A reference to what an earlier step gave, or to an input of the program."""

    name: str


@dataclass(frozen=True)
class Subgraph:
    """A graph as an argument of an operation."""

    record: Record


@dataclass(frozen=True)
class Unreadable:
    """An argument that no network here may have; its operation cannot be supported."""

    reason: str


def read_value(argument: Record) -> Any:
    """One argument: a `Value`, a `Subgraph`, an `Unreadable`, a plain value, or a list of these."""
    kind, content = argument.variant()
    reader = _READERS.get(kind)
    return reader(content, f"{argument.place}.{kind}") if reader else Unreadable(printable(kind.removeprefix("as_")))


def names_in(value: Any) -> Iterator[str]:
    """Names of everything that an argument reads."""
    if isinstance(value, Value):
        yield value.name
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)


def _tensor(content: Any, place: str) -> Value:
    return Value(Record(content, place).text("name"))


def _list_of(read: Any) -> Any:
    return lambda content, place: [read(item, place) for item in to_list(content, place)]


def _text(content: Any, place: str) -> str:
    if not isinstance(content, str):
        raise malformed(place, "a text")
    return content


def _flag(content: Any, place: str) -> bool:
    if not isinstance(content, bool):
        raise malformed(place, "true or false")
    return content


def _symbolic(content: Any, place: str) -> Any:
    """A size that an earlier step gave, or a plain number among such."""
    kind, value = Record(content, place).variant()
    if kind == "as_name":
        return Value(_text(value, place))
    if kind == "as_bool":
        return _flag(value, place)
    return to_number(value, place) if kind == "as_float" else to_integer(value, place)


def _optional_tensor(content: Any, place: str) -> Any:
    kind, value = Record(content, place).variant()
    return None if kind == "as_none" else _tensor(value, place)


def _scalar_type(content: Any, place: str) -> Any:
    name = SCALAR_TYPES.get(to_integer(content, place), "an unknown type")
    return DTYPES.get(name, Unreadable(name))


def _nothing(_content: Any, _place: str) -> None:
    """Devices, layouts and memory formats do not change what is computed."""


def _graph(content: Any, place: str) -> Subgraph:
    return Subgraph(Record(content, place).record("graph"))


_READERS: dict[str, Any] = {
    "as_none": _nothing,
    "as_tensor": _tensor,
    "as_tensors": _list_of(_tensor),
    "as_int": to_integer,
    "as_ints": _list_of(to_integer),
    "as_float": to_number,
    "as_floats": _list_of(to_number),
    "as_string": _text,
    "as_strings": _list_of(_text),
    "as_sym_int": _symbolic,
    "as_sym_ints": _list_of(_symbolic),
    "as_sym_float": _symbolic,
    "as_sym_floats": _list_of(_symbolic),
    "as_sym_bool": _symbolic,
    "as_sym_bools": _list_of(_symbolic),
    "as_scalar_type": _scalar_type,
    "as_memory_format": _nothing,
    "as_layout": _nothing,
    "as_device": _nothing,
    "as_bool": _flag,
    "as_bools": _list_of(_flag),
    "as_graph": _graph,
    "as_optional_tensors": _list_of(_optional_tensor),
    "as_optional_tensor": _optional_tensor,
    "as_operator": _text,
}

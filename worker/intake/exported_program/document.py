"""JSON from an untrusted archive: parsed within bounds, and every access checks the type it asks for."""

import json
from collections.abc import Iterator
from typing import Any

from worker.intake.refusals import FileRefusal, printable, rejected

SAVE_AGAIN = "Make the file with `torch.export.save(torch.export.export(model.eval(), (example,)), path)`."
MAX_JSON_BYTES = 64 * 2**20
MAX_TEXT = 100_000
LARGEST_INTEGER = 2**63


class Record:
    """A JSON object and where it stands; whatever is missing or of another type raises `FileRefusal`."""

    __slots__ = ("_fields", "place")

    def __init__(self, fields: Any, place: str) -> None:
        if not isinstance(fields, dict):
            raise malformed(place, "an object")
        self._fields: dict[str, Any] = fields
        self.place = place

    def text(self, key: str) -> str:
        """A text of reasonable length."""
        value = self._fields.get(key)
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise malformed(f"{self.place}.{key}", "a text")
        return value

    def integer(self, key: str) -> int:
        """A whole number of at most 64 bits."""
        return to_integer(self._fields.get(key), f"{self.place}.{key}")

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._fields.get(key)
        if not isinstance(value, bool):
            raise malformed(f"{self.place}.{key}", "true or false")
        return value

    def record(self, key: str) -> "Record":
        """An object inside."""
        return Record(self._fields.get(key), f"{self.place}.{key}")

    def records(self, key: str) -> "list[Record]":
        """A list of objects inside."""
        place = f"{self.place}.{key}"
        return [Record(item, f"{place}[{number}]") for number, item in enumerate(to_list(self._fields.get(key), place))]

    def items(self) -> "Iterator[tuple[str, Record]]":
        """All fields, when every one is an object."""
        for key, value in self._fields.items():
            yield key, Record(value, f"{self.place}[{printable(key)}]")

    def get(self, key: str) -> Any:
        """Whatever the field holds, None where it is missing."""
        return self._fields.get(key)

    def variant(self) -> tuple[str, Any]:
        """Kind and content of a tagged union: an object with exactly one field."""
        if len(self._fields) != 1:
            raise malformed(self.place, "an object with one field")
        return next(iter(self._fields.items()))


def parse(content: bytes, name: str) -> Record:
    """The object that the member `name` holds; raises `FileRefusal`."""
    if len(content) > MAX_JSON_BYTES:
        raise rejected(f"has a description of {len(content)} bytes; at most {MAX_JSON_BYTES} are read.", SAVE_AGAIN)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise rejected(f"is damaged: `{printable(name)}` in it is not valid JSON.", SAVE_AGAIN) from error
    return Record(value, name)


def malformed(place: str, expected: str) -> FileRefusal:
    """A refusal for a place in the description that does not hold what it should."""
    return rejected(f"is no exported program that can be read: `{printable(place)}` should be {expected}.", SAVE_AGAIN)


def to_list(value: Any, place: str) -> list[Any]:
    """The value, if it is a list."""
    if not isinstance(value, list):
        raise malformed(place, "a list")
    return value


def to_integer(value: Any, place: str) -> int:
    """The value, if it is a whole number of at most 64 bits."""
    if type(value) is not int or not -LARGEST_INTEGER <= value < LARGEST_INTEGER:
        raise malformed(place, "a whole number")
    return value


def to_number(value: Any, place: str) -> float:
    """The value, if it is a number; the writer spells those that JSON lacks as texts."""
    if value in ("Infinity", "-Infinity"):
        return float(value)
    if type(value) not in (int, float):
        raise malformed(place, "a number")
    return float(value)

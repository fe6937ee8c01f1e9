"""Names that tell recipes of one method apart: the settings in which they differ."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from backend.domain.recipe import Recipe

_MOST = 3
"""Settings in a name; where more differ, the recipes are numbered."""
_FEW = 2
"""Entries of a list that are named; longer ones are counted."""


def differences(recipes: Sequence[Recipe]) -> tuple[str, ...]:
    """For each of these, all unlike each other, what sets it apart, such as `sparsify.epochs 25`; else its number.

    Seeds do not count. A setting that only some of them have is told where those differ in it.
    """
    told = [dict(_settings("", recipe.model_dump(mode="json", exclude={"seed"}))) for recipe in recipes]
    paths = dict.fromkeys(path for settings in told for path in settings)
    unlike = [path for path in paths if len({settings[path][0] for settings in told if path in settings}) > 1]
    listed = [[settings[path][1] for path in unlike if path in settings] for settings in told]
    texts = tuple(map(", ".join, listed))
    if any(len(parts) > _MOST for parts in listed) or len(set(texts)) < len(texts):
        return tuple(str(place + 1) for place in range(len(recipes)))
    return texts


def _settings(path: str, value: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """Every section and setting by path: what it is compared by, and the text that tells it."""
    if not isinstance(value, dict):
        yield path, (json.dumps(value, sort_keys=True), _text(path, value))
        return
    if path:
        kind = str(value.get("kind", ""))
        yield path, (f"section {kind}", f"{path} {kind}".rstrip())
    for name, part in value.items():
        if name != "kind":
            yield from _settings(f"{path}.{name}" if path else name, part)


def _text(path: str, value: Any) -> str:
    match value:
        case None | []:
            return f"no {path}"
        case float() if value == float(f"{value:g}"):
            return f"{path} {value:g}"
        case list() if len(value) <= _FEW and all(isinstance(entry, str) for entry in value):
            return f"{path} {' and '.join(value)}"
        case list():
            return f"{path} of {len(value)}"
        case str():
            return f"{path} {value}"
    return f"{path} {json.dumps(value)}"

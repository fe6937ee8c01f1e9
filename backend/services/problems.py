"""What is wrong with a value, as paths that a person recognizes and sentences."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_OWN_PATH = re.compile(r"^([a-z_]+(?:\.[a-z_]+)*): (.+)$", re.DOTALL)
_VALUE_ERROR = "Value error, "
_MAX_PROBLEMS = 50
_MAX_TEXT = 500


@dataclass(frozen=True)
class ProblemEntry:
    """One problem: a dotted path (may be empty) and a sentence."""

    field: str
    detail: str


def describe_errors(errors: Sequence[Any], value: Any) -> list[ProblemEntry]:
    """Pydantic's errors about `value` as problems; union tags, which no one wrote, are left out of the paths."""
    return [_describe(error, value) for error in errors[:_MAX_PROBLEMS]]


def _describe(error: Any, value: Any) -> ProblemEntry:
    path = _visible_path(tuple(error["loc"]), value, is_missing=error["type"] == "missing")
    message = str(error["msg"]).removeprefix(_VALUE_ERROR)
    own = _OWN_PATH.match(message)
    if own:
        path, message = (*path, own[1]), own[2]
    if error["type"] == "extra_forbidden":
        message = "There is no such setting; remove it."
    if error["type"] == "missing":
        message = "This is required."
    if error["type"] == "string_pattern_mismatch":
        message = "This is no id or name of anything here; check how it is written."
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        path, message = _untagged(error, path)
    return ProblemEntry(_clean(".".join(path)), _clean(_as_sentence(message)))


def _untagged(error: Any, path: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """A value of several kinds that does not tell which one it is, or names one that does not exist."""
    context = error["ctx"]
    tag = str(context["discriminator"]).strip("'")
    if error["type"] == "union_tag_not_found":
        return (*path, tag), "This is required: it tells which kind of value this is."
    known = str(context["expected_tags"]).replace("'", "`")
    return path or (tag,), f"There is no {tag} `{context['tag']}`; there are {known}."


def _visible_path(loc: tuple[int | str, ...], value: Any, *, is_missing: bool) -> tuple[str, ...]:
    path: list[str] = []
    for position, part in enumerate(loc):
        is_last = position == len(loc) - 1
        if _holds(value, part):
            value = value[part]
        elif not (is_last and is_missing):
            continue
        path.append(str(part))
    return tuple(path)


def _holds(value: Any, part: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _as_sentence(message: str) -> str:
    text = message[:1].upper() + message[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _clean(text: str) -> str:
    """Lone surrogates, which JSON can carry but UTF-8 cannot, become question marks."""
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode()

"""Lining up the tensors of a checkpoint with those of an architecture, by names or by order."""

import re
from collections.abc import Iterable, Mapping

Shapes = Mapping[str, tuple[int, ...]]

_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
"""Prefixes that wrappers (data parallel, compile, Lightning, one's own class) put before every name."""
_COUNTER = "num_batches_tracked"


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Given name by plain name: without the wrappers' prefixes, and without batch norm's counters."""
    plain = {name: name for name in names if not name.endswith(_COUNTER)}
    stripped = True
    while stripped and plain:
        stripped = False
        for prefix in _PREFIXES:
            if all(name.startswith(prefix) for name in plain):
                plain = {name.removeprefix(prefix): given for name, given in plain.items()}
                stripped = True
    return plain


def assign(expected: Shapes, given: Shapes) -> dict[str, str] | None:
    """Given name by expected name, when the tensors fit exactly: by names, else module by module in order.

    The order is the given one, or the natural order of names (safetensors files are sorted). None when nothing fits.
    """
    if dict(expected) == dict(given):
        return {name: name for name in expected}
    wanted = _modules(expected)
    for ordered in (given, {name: given[name] for name in sorted(given, key=natural_key)}):
        offered = _modules(ordered)
        if list(wanted.values()) == list(offered.values()):
            return {
                mine + attribute: theirs + attribute
                for mine, theirs in zip(wanted, offered, strict=True)
                for attribute in wanted[mine]
            }
    return None


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key under which `layer10` comes after `layer9`."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part)


def _modules(shapes: Shapes) -> dict[str, dict[str, tuple[int, ...]]]:
    """Shapes by attribute, by module prefix (`conv1.`, or empty), modules in order of first appearance."""
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        path, dot, attribute = name.rpartition(".")
        modules.setdefault(path + dot, {})[attribute] = tuple(shape)
    return modules

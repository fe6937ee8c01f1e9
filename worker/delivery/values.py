"""Source code of plain values."""

from typing import Any

import torch


class Code(str):
    """Source code of a value, as opposed to a string argument."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def literal(value: Any) -> str:
    """Source code of an argument."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, list | tuple):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return str(value) if isinstance(value, torch.dtype) else repr(value)

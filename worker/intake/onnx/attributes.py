"""The attributes of one ONNX node, read by name and type."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from onnx import AttributeProto
from torch import Tensor

from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.tensors import read_tensor

MAX_VALUES = 2**22
"""Numbers in one attribute."""


@dataclass(frozen=True)
class Attributes:
    """Attributes by name; `label` is what messages call the node."""

    label: str
    protos: Mapping[str, AttributeProto]

    def has(self, name: str) -> bool:
        """Whether the node states it."""
        return name in self.protos

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        return int(self._get(name, AttributeProto.INT, "i", default))

    def number(self, name: str, default: float) -> float:
        """A number: the shortest decimal that gives the float32 of the file."""
        number = float(str(np.float32(self._get(name, AttributeProto.FLOAT, "f", default))))
        if not math.isfinite(number):
            raise damaged(f"states {number} as the attribute {quoted(name)} of {quoted(self.label)}.")
        return number

    def text(self, name: str, default: str) -> str:
        """A short text."""
        value = self._get(name, AttributeProto.STRING, "s", default)
        return value if isinstance(value, str) else value.decode(errors="replace")

    def integers(self, name: str) -> list[int] | None:
        """Whole numbers; None where the node does not state them."""
        values = self._get(name, AttributeProto.INTS, "ints", None)
        return None if values is None else self._bounded(name, values)

    def numbers(self, name: str) -> list[float] | None:
        """Numbers; None where the node does not state them."""
        values = self._get(name, AttributeProto.FLOATS, "floats", None)
        return None if values is None else self._bounded(name, values)

    def texts(self, name: str) -> list[str]:
        """Short texts; empty where the node does not state them."""
        values = self._get(name, AttributeProto.STRINGS, "strings", None)
        return [] if values is None else [value.decode(errors="replace") for value in self._bounded(name, values)]

    def tensor(self, name: str) -> Tensor | None:
        """A tensor; None where the node does not state it."""
        proto = self._get(name, AttributeProto.TENSOR, "t", None)
        return None if proto is None else read_tensor(proto, f"the attribute {quoted(name)} of {quoted(self.label)}")

    def constant(self) -> Tensor | None:
        """The value of a Constant node, however it is written; None when it is none of the known kinds."""
        if self.has("value"):
            return self.tensor("value")
        if self.has("value_int"):
            return torch.tensor(self.integer("value_int", 0))
        if self.has("value_float"):
            return torch.tensor(self.number("value_float", 0.0))
        if self.has("value_ints"):
            return torch.tensor(self.integers("value_ints"), dtype=torch.int64)
        if self.has("value_floats"):
            return torch.tensor(self.numbers("value_floats"), dtype=torch.float32)
        return None

    def _get(self, name: str, kind: int, attribute: str, default: Any) -> Any:
        proto = self.protos.get(name)
        if proto is None:
            return default
        if proto.type != kind:
            raise damaged(f"has {quoted(self.label)} with an attribute {quoted(name)} of the wrong type.")
        return getattr(proto, attribute)

    def _bounded(self, name: str, values: Any) -> list[Any]:
        if len(values) > MAX_VALUES:
            raise damaged(f"has {quoted(self.label)} with {len(values)} numbers in its attribute {quoted(name)}.")
        return list(values)

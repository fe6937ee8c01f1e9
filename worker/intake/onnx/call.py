"""One ONNX node as its rule sees it: values, attributes, and ways to apply operations or to refuse."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from worker.intake.onnx.attributes import Attributes
from worker.intake.onnx.builder import Builder
from worker.intake.onnx.model import OnnxNode
from worker.intake.onnx.refusals import damaged, quoted, unsupported
from worker.intake.onnx.values import Known, Size, Value, Varying, sizes_of
from worker.intake.refusals import FileRefusal


@dataclass(frozen=True)
class Call:
    """A node with the values of its inputs; None stands for one that is left out."""

    builder: Builder
    node: OnnxNode
    opset: int
    values: Sequence[Value | None]

    @property
    def attributes(self) -> Attributes:
        """The node's attributes."""
        return self.node.attributes

    def value(self, position: int) -> Value:
        """An input that must be there."""
        value = self.optional(position)
        if value is None:
            raise damaged(f"holds {quoted(self.node.label)} ({self.node.operator}) without its input {position + 1}.")
        return value

    def optional(self, position: int) -> Value | None:
        """An input that may be left out."""
        return self.values[position] if position < len(self.values) else None

    def fixed(self, position: int, what: str) -> Known:
        """An input that the file must fix, the same at every batch size."""
        value = self.value(position)
        if not isinstance(value, Known) or not value.is_fixed:
            raise self.refuse(f"{what} that depend on the input or on the batch size")
        return value

    def fixed_tensor(self, position: int, what: str) -> Tensor | None:
        """The tensor of an input that the file must fix; None when it is left out."""
        return None if self.optional(position) is None else self.fixed(position, what).tensor

    def integers(self, position: int, what: str) -> list[int] | None:
        """Whole numbers that the file fixes; None when the input is left out."""
        tensor = self.fixed_tensor(position, what)
        return None if tensor is None else [int(number) for number in tensor.flatten().tolist()]

    def sizes(self, position: int, what: str) -> list[Size] | None:
        """Whole numbers that may vary with the batch; None when the input is left out."""
        value = self.optional(position)
        if value is None:
            return None
        if not isinstance(value, Known):
            raise self.refuse(f"{what} that depend on the input's values")
        return sizes_of(value)

    def axes(self, position: int, rank: int) -> list[int] | None:
        """Axes from an input or, in older versions, the attribute `axes`, counted from the front and sorted."""
        stated = self.integers(position, "axes") if self.optional(position) is not None else None
        stated = self.attributes.integers("axes") if stated is None else stated
        return None if stated is None else sorted(self.axis(axis, rank) for axis in stated)

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the front; refuses one that does not exist."""
        if not -rank <= axis < max(rank, 1):
            raise damaged(f"names axis {axis} of {rank} at {quoted(self.node.label)} ({self.node.operator}).")
        return axis % max(rank, 1)

    def emit(self, target: str, *args: Any, **kwargs: Any) -> Value:
        """Apply `aten.<target>`, see `Builder.emit`."""
        value: Value = self.builder.emit(target, *args, **kwargs)
        return value

    def emit_all(self, target: str, *args: Any, **kwargs: Any) -> Sequence[Value]:
        """Apply an operation with several results, see `Builder.emit`."""
        values: Sequence[Value] = self.builder.emit(target, *args, **kwargs)
        return values

    def fold(self, function: Callable[..., Tensor], *values: Value) -> Known:
        """Apply a function to values that the file fixes, see `Builder.fold`."""
        return self.builder.fold(function, *values)

    def refuse(self, what: str) -> FileRefusal:
        """A refusal that names the node: `uses X with <what>, which is not supported`."""
        return unsupported(
            f"uses {self.node.operator} with {what} at {quoted(self.node.place)}; that is not supported."
        )

    def check_outputs(self, most: int) -> None:
        """Refuse a node of which further outputs are used."""
        if any(self.node.outputs[most:]):
            raise self.refuse(f"more than {most} outputs")


Lowering: TypeAlias = Callable[[Call], Value | Sequence[Value]]
Table: TypeAlias = Mapping[str, Lowering]


def shape_of(value: Value) -> torch.Size:
    """Shape at the first batch size that is probed."""
    return value.tensor.shape if isinstance(value, Known) else value.meta.shape


def rank_of(value: Value) -> int:
    """Number of axes."""
    return len(shape_of(value))


def dtype_of(value: Value) -> torch.dtype:
    """Element type."""
    return value.tensor.dtype if isinstance(value, Known) else value.meta.dtype


def sizes_at(value: Value) -> list[Size]:
    """Sizes of all axes, those that vary with the batch told apart."""
    shapes = [tensor.shape for tensor in (value.tensors if isinstance(value, Known) else value.metas)]
    return [column[0] if len(set(column)) == 1 else Varying(tuple(column)) for column in zip(*shapes, strict=True)]


def scalar_of(value: Value | None) -> float | int | bool | None:
    """The number of a fixed value with one element; None for any other."""
    if not isinstance(value, Known) or not value.is_fixed or value.tensor.numel() != 1:
        return None
    number: float | int | bool = value.tensor.flatten()[0].item()
    return number

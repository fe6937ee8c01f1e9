"""The inputs of an ONNX graph: their batch axis, the shape of one example, their types."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from onnx import TensorProto, ValueInfoProto

from worker.intake.onnx.model import MAX_INPUTS, OnnxModel, OnnxNode
from worker.intake.onnx.refusals import EXPORT_AGAIN, damaged, quoted, text, unsupported
from worker.intake.onnx.tensors import torch_type, type_name
from worker.intake.refusals import FileRefusal

MAX_INPUT_ELEMENTS = 2**26
"""Numbers in one example (64 Mi)."""
MAX_BATCH = 4096
"""Largest batch size that a file may fix."""
OPEN_BATCHES = (2, 5)
"""Batch sizes at which shapes are probed, where the file leaves the batch open."""
_SECOND_BATCH_MORE = 3
_FIX_SIZES = "Export it with every size but the first of each input fixed (only the batch may vary)."


@dataclass(frozen=True)
class OnnxInput:
    """One input; its first axis is the batch."""

    name: str
    shape: tuple[int, ...]
    """Shape of one example."""
    dtype: torch.dtype
    batch: int | None
    """The batch size that the file fixes; None where it is open."""


def read_inputs(model: OnnxModel, nodes: Sequence[OnnxNode]) -> tuple[tuple[OnnxInput, ...], list[str]]:
    """The inputs in the file's order, those that no node reads too, and a note for each of these that cannot be kept.

    Older files list initializers among the inputs as well, which are none. Raises `FileRefusal` that names the input.
    """
    infos = [info for info in model.inputs if text(info.name) not in model.initializers]
    read = {name for node in nodes for name in node.inputs} | set(model.outputs)
    used = [_input(info) for info in infos if text(info.name) in read]
    inputs, notes = [], []
    for info in infos:
        if text(info.name) in read or not used:
            inputs.append(_input(info))
        elif (kept := _unused(info, used[0].batch)) is not None:
            inputs.append(kept)
        else:
            notes.append(f"The input {quoted(info.name)} is used by no output and is no batch of numbers: left out.")
    if not 0 < len(inputs) <= MAX_INPUTS or len({item.name for item in inputs}) < len(inputs):
        raise damaged(f"has {len(inputs)} inputs, or two of one name; 1 to {MAX_INPUTS} are read.")
    if len({item.batch for item in inputs}) > 1:
        stated = ", ".join(f"{quoted(item.name)}: {item.batch or 'open'}" for item in inputs)
        raise unsupported(f"has inputs of different batch sizes ({stated}).", _FIX_SIZES)
    return tuple(inputs), notes


def _unused(info: ValueInfoProto, batch: int | None) -> OnnxInput | None:
    """An input that no output needs; None where it is nothing that a dataset could hold an array for."""
    try:
        found = _input(info)
    except FileRefusal:
        return None
    return found if found.batch == batch else None


def probed_batches(inputs: Sequence[OnnxInput]) -> tuple[int, int]:
    """Two batch sizes; the first is the one that the file fixes, if it does."""
    batch = inputs[0].batch
    return OPEN_BATCHES if batch is None else (batch, batch + _SECOND_BATCH_MORE)


def _input(info: ValueInfoProto) -> OnnxInput:
    name = quoted(info.name)
    if not info.type.HasField("tensor_type"):
        kind = str(info.type.WhichOneof("value") or "no").removesuffix("_type")
        raise unsupported(f"has the input {name} of {kind} type; only tensors of numbers are read.")
    tensor = info.type.tensor_type
    dtype = torch_type(tensor.elem_type)
    if dtype is None or tensor.elem_type in (TensorProto.INT8, TensorProto.INT16):
        raise unsupported(f"has the input {name} of type {type_name(tensor.elem_type)}, which is not read.")
    if not tensor.HasField("shape") or not tensor.shape.dim:
        raise unsupported(f"has the input {name} without a shape or without a batch axis.", _FIX_SIZES)
    first, *rest = tensor.shape.dim
    shape = []
    for axis, dimension in enumerate(rest, start=1):
        if not dimension.HasField("dim_value") or dimension.dim_value < 1:
            shown = f" ({quoted(dimension.dim_param)})" if dimension.dim_param else ""
            raise unsupported(f"leaves axis {axis}{shown} of the input {name} open.", _FIX_SIZES)
        shape.append(dimension.dim_value)
    if math.prod(shape) > MAX_INPUT_ELEMENTS:
        raise damaged(f"declares {math.prod(shape)} numbers in the input {name}; {MAX_INPUT_ELEMENTS} are allowed.")
    batch = first.dim_value if first.HasField("dim_value") and first.dim_value > 0 else None
    if batch is not None and batch > MAX_BATCH:
        raise unsupported(f"fixes the batch of the input {name} at {batch}; at most {MAX_BATCH} is read.", EXPORT_AGAIN)
    return OnnxInput(text(info.name), tuple(shape), dtype, batch)

"""From a tensor as ONNX stores it to a torch tensor, when what it declares is what it holds."""

import math
from typing import Any

import numpy as np
import torch
from onnx import TensorProto
from torch import Tensor

from worker.intake.onnx.refusals import damaged, unsupported
from worker.intake.safetensors_header import MAX_AXES

_RAW: dict[int, torch.dtype] = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.DOUBLE: torch.float64,
    TensorProto.FLOAT16: torch.float16,
    TensorProto.BFLOAT16: torch.bfloat16,
    TensorProto.INT64: torch.int64,
    TensorProto.INT32: torch.int32,
    TensorProto.INT16: torch.int16,
    TensorProto.INT8: torch.int8,
    TensorProto.UINT8: torch.uint8,
    TensorProto.BOOL: torch.bool,
}
_TYPED: dict[int, tuple[str, type]] = {
    TensorProto.FLOAT: ("float_data", np.float32),
    TensorProto.DOUBLE: ("double_data", np.float64),
    TensorProto.FLOAT16: ("int32_data", np.uint16),
    TensorProto.BFLOAT16: ("int32_data", np.uint16),
    TensorProto.INT64: ("int64_data", np.int64),
    TensorProto.INT32: ("int32_data", np.int32),
    TensorProto.INT16: ("int32_data", np.int16),
    TensorProto.INT8: ("int32_data", np.int8),
    TensorProto.UINT8: ("int32_data", np.uint8),
    TensorProto.BOOL: ("int32_data", np.bool_),
}
INCLUDE_WEIGHTS = (
    "Export it as one file (`external_data=False`), or join it: "
    "`onnx.save(onnx.load(path), new_path, save_as_external_data=False)`."
)


def type_name(element_type: int) -> str:
    """How messages call an element type."""
    try:
        return str(TensorProto.DataType.Name(element_type)).lower()
    except ValueError:
        return f"type {element_type}"


def torch_type(element_type: int) -> torch.dtype | None:
    """The type in which values of an ONNX element type are kept: float32, int64, uint8 or bool; None if in none."""
    dtype = _RAW.get(element_type)
    if dtype is None:
        return None
    return plain_type(dtype)


def plain_type(dtype: torch.dtype) -> torch.dtype:
    """Every floating-point type becomes float32, every whole-number type but uint8 int64."""
    if dtype.is_floating_point:
        return torch.float32
    return dtype if dtype in (torch.bool, torch.uint8) else torch.int64


def read_tensor(proto: TensorProto, what: str) -> Tensor:
    """The values, as float32, int64, uint8 or bool.

    `what` names the tensor in messages. Raises `FileRefusal` for external data, types without numbers, and sizes that
    do not agree with the data.
    """
    if proto.data_location == TensorProto.EXTERNAL or proto.external_data:
        raise unsupported(f"keeps {what} in another file (external data); nothing else is opened.", INCLUDE_WEIGHTS)
    dtype = _RAW.get(proto.data_type)
    if dtype is None:
        raise unsupported(f"holds {what} as {type_name(proto.data_type)}; weights must be floating-point numbers.")
    shape = _check_shape(proto, what)
    count = math.prod(shape)
    if proto.HasField("raw_data"):
        values = _raw(proto.raw_data, dtype, count, what)
    else:
        values = _typed(proto, dtype, count, what)
    return values.reshape(shape).to(plain_type(dtype))


def _check_shape(proto: TensorProto, what: str) -> list[int]:
    shape = list(proto.dims)
    if proto.HasField("segment") or len(shape) > MAX_AXES:
        raise damaged(f"holds {what} with {len(shape)} axes or in segments; at most {MAX_AXES} axes are read.")
    if any(size < 0 for size in shape):
        raise damaged(f"declares {what} with a negative size: {shape}.")
    return shape


def _raw(content: bytes, dtype: torch.dtype, count: int, what: str) -> Tensor:
    if len(content) != count * dtype.itemsize:
        raise damaged(f"declares {what} with {count * dtype.itemsize} bytes, but stores {len(content)} for it.")
    if count == 0:
        return torch.empty(0, dtype=dtype)
    if dtype == torch.bool:
        return torch.frombuffer(bytearray(content), dtype=torch.uint8) != 0
    return torch.frombuffer(bytearray(content), dtype=dtype)


def _typed(proto: TensorProto, dtype: torch.dtype, count: int, what: str) -> Tensor:
    field, kind = _TYPED[proto.data_type]
    stored: Any = getattr(proto, field)
    if len(stored) != count:
        raise damaged(f"declares {what} with {count} numbers, but stores {len(stored)} for it.")
    values: Any = np.array(stored, dtype=np.int32 if field == "int32_data" else kind)
    if kind is np.uint16:  # the bits of a 16-bit float
        return torch.from_numpy(values.astype(np.uint16).view(np.int16)).view(dtype)
    return torch.from_numpy(values).to(dtype)

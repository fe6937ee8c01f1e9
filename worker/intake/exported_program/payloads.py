"""The tensors of an exported program: raw buffers in the archive, described by two configurations."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.errors import FailureCode
from worker.engine.graph.schema import DTYPES
from worker.intake.exported_program.archive import Archive
from worker.intake.exported_program.document import SAVE_AGAIN, Record, malformed, to_integer
from worker.intake.refusals import FileRefusal, printable, rejected
from worker.intake.safetensors_header import MAX_AXES, MAX_TENSORS

SCALAR_TYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
}
"""Names of `torch._export.serde.schema.ScalarType`."""
STRIDED = 7
STORE_WHOLE = "Make the tensor whole in the module (`tensor.clone()`), export it and save it again."

NO_COMPLEX = (
    "Networks of complex numbers are not supported: keep real and imaginary parts in two float32 tensors, compute with "
    "these, and export it again."
)


@dataclass(frozen=True)
class Payload:
    """Where a tensor's values are, and how they are laid out there; sizes in elements."""

    name: str
    path: str
    is_parameter: bool
    dtype: str
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int

    @property
    def value_bytes(self) -> int:
        """Bytes of the tensor when it is whole."""
        count = DTYPES[self.dtype].itemsize
        for size in self.sizes:
            count *= size
        return count

    @property
    def layout(self) -> tuple[object, ...]:
        """Equal for tensors that are the same memory seen in the same way (tied weights)."""
        return self.path, self.is_parameter, self.dtype, self.sizes, self.strides, self.offset


def read_payloads(configuration: Record, folder: str) -> dict[str, Payload]:
    """Descriptions by tensor name; raises `FileRefusal` that names the tensor which is none of plain numbers."""
    found = {name: _read(name, entry, folder) for name, entry in configuration.record("config").items()}
    if len(found) > MAX_TENSORS:
        raise rejected(f"holds {len(found)} tensors; at most {MAX_TENSORS} can be read.", SAVE_AGAIN)
    return found


def scalar_type(number: int, what: str) -> str:
    """Name of a numeric type that networks may have; raises `FileRefusal` that names `what` has another."""
    name = SCALAR_TYPES.get(number, f"type {number}")
    if name not in DTYPES:
        hint = NO_COMPLEX if name.startswith("complex") else "Make it float32 and export it again."
        raise rejected(f"has {what} of type {name}, which cannot be read.", hint)
    return name


def load_tensors(archive: Archive, payloads: Mapping[str, Payload]) -> dict[str, Tensor]:
    """Whole tensors of their own, by name; raises `FileRefusal` for one that claims more than is stored."""
    total = sum(payload.value_bytes for payload in payloads.values())
    if total > archive.size:
        raise rejected(f"declares {total} bytes of tensors in a file of {archive.size} bytes.", STORE_WHOLE)
    by_path: dict[str, list[Payload]] = {}
    for payload in payloads.values():
        by_path.setdefault(payload.path, []).append(payload)
    loaded: dict[str, Tensor] = {}
    for path, sharing in by_path.items():
        content = bytearray(archive.read(path))
        loaded |= {payload.name: _check_values(payload, _view(payload, content).clone()) for payload in sharing}
    return {name: loaded[name].contiguous() for name in payloads}


def _read(name: str, entry: Record, folder: str) -> Payload:
    shown = printable(name)
    if entry.flag("use_pickle"):
        raise rejected(f"holds `{shown}` as a Python object, not as plain numbers.", SAVE_AGAIN)
    meta = entry.record("tensor_meta")
    sizes, strides = (
        tuple(to_integer(value.get("as_int"), value.place) for value in meta.records(key))
        for key in ("sizes", "strides")
    )
    offset = meta.record("storage_offset").integer("as_int")
    if len(sizes) > MAX_AXES or len(sizes) != len(strides):
        raise rejected(f"holds `{shown}` with {len(sizes)} axes; at most {MAX_AXES} can be read.", SAVE_AGAIN)
    if min((0, offset, *sizes, *strides)) < 0:
        raise malformed(meta.place, "sizes of zero or more")
    if meta.integer("layout") != STRIDED:
        raise rejected(f"holds `{shown}`, which is not a plain dense tensor.", STORE_WHOLE)
    dtype = scalar_type(meta.integer("dtype"), f"a tensor, `{shown}`,")
    return Payload(name, f"{folder}{entry.text('path_name')}", entry.flag("is_param"), dtype, sizes, strides, offset)


def _view(payload: Payload, content: bytearray) -> Tensor:
    """The tensor on its buffer, when it lies inside and claims no more values than there are."""
    dtype = DTYPES[payload.dtype]
    stored = len(content) // dtype.itemsize
    span = sum((size - 1) * stride for size, stride in zip(payload.sizes, payload.strides, strict=True))
    is_empty = 0 in payload.sizes
    if payload.value_bytes > len(content) or (not is_empty and payload.offset + span >= stored):
        raise rejected(
            f"declares `{printable(payload.name)}` with {payload.value_bytes} bytes, but stores only {len(content)} "
            "for it.",
            STORE_WHOLE,
        )
    if is_empty:
        return torch.empty(payload.sizes, dtype=dtype)
    return torch.frombuffer(content, dtype=dtype, count=stored).as_strided(
        payload.sizes, payload.strides, payload.offset
    )


def _check_values(payload: Payload, tensor: Tensor) -> Tensor:
    """Weights are finite floating-point numbers; constants may be integers, and infinite (attention masks)."""
    if payload.is_parameter and not tensor.is_floating_point():
        raise rejected(
            f"holds the parameter `{printable(payload.name)}` as {payload.dtype}; weights must be floating-point.",
            "Export the network with float weights, before any quantization.",
        )
    if payload.is_parameter and not tensor.numel():
        raise rejected(f"holds the parameter `{printable(payload.name)}` without any values.", STORE_WHOLE)
    if not tensor.is_floating_point():
        return tensor
    bad = ~torch.isfinite(tensor) if payload.is_parameter else torch.isnan(tensor)
    if bool(bad.any()):
        raise FileRefusal(
            FailureCode.NON_FINITE_WEIGHTS,
            f"has {int(bad.sum())} of {tensor.numel()} values of `{printable(payload.name)}` that are not finite "
            "(NaN or infinite).",
            "The training that made it has diverged; export an earlier checkpoint.",
        )
    return tensor

"""From whatever a state dict holds to plain finite float32 weights under plain names."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from backend.domain.errors import FailureCode
from worker.intake.refusals import FileRefusal, printable, rejected
from worker.intake.safetensors_header import MAX_AXES, MAX_NAME_BYTES, MAX_TENSORS, NAME

COUNTER = "num_batches_tracked"
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
WRITE_FLOATS = "Save it again with `model.float().state_dict()`."


def plain_weights(tensors: Mapping[str, Tensor], file_size: int) -> dict[str, Tensor]:
    """Contiguous float32 tensors under the names given, without batch norm's counters.

    Nothing is copied before every tensor's size has been checked. Raises `FileRefusal` that names the tensor.
    """
    if len(tensors) > MAX_TENSORS:
        raise rejected(f"holds {len(tensors)} tensors; at most {MAX_TENSORS} can be read.", WRITE_FLOATS)
    for name, tensor in tensors.items():
        _check_kind(name, tensor)
        _check_size(name, tensor)
    total = sum(tensor.numel() * tensor.itemsize for tensor in tensors.values())
    if total > file_size:
        raise rejected(
            f"declares {total} bytes of weights in a file of {file_size} bytes.",
            "Save every tensor once and whole (`tensor.clone()`).",
        )
    return {name: _as_float(name, tensor) for name, tensor in tensors.items() if not _is_counter(name)}


def _is_counter(name: str) -> bool:
    return name.rpartition(".")[2] == COUNTER


def _check_kind(name: str, tensor: Tensor) -> None:
    shown = printable(name)
    if len(name) > MAX_NAME_BYTES or not NAME.fullmatch(name):
        raise rejected(f"has a tensor with an unusable name, `{shown}`.", "Rename the layer and save it again.")
    if tensor.is_quantized or tensor.layout != torch.strided or tensor.is_nested or tensor.device.type != "cpu":
        raise rejected(f"holds `{shown}`, which is not a plain dense tensor.", WRITE_FLOATS)
    if tensor.dim() > MAX_AXES:
        raise rejected(f"holds `{shown}` with {tensor.dim()} axes; at most {MAX_AXES} can be read.", WRITE_FLOATS)
    if tensor.dtype not in FLOATS and not _is_counter(name):
        dtype = str(tensor.dtype).removeprefix("torch.")
        raise rejected(f"holds `{shown}` as {dtype}; weights must be floating-point.", WRITE_FLOATS)


def _check_size(name: str, tensor: Tensor) -> None:
    """Refuse a tensor that claims more values than the file stores for it (stride 0, overlapping strides)."""
    claimed, stored = tensor.numel() * tensor.itemsize, tensor.untyped_storage().nbytes()
    if claimed > stored:
        raise rejected(
            f"declares `{printable(name)}` with {claimed} bytes, but stores only {stored} for it.",
            "Save every tensor whole (`tensor.clone()`).",
        )


def _as_float(name: str, tensor: Tensor) -> Tensor:
    plain = tensor.detach().to(torch.float32).contiguous()
    finite = int(torch.isfinite(plain).sum())
    if finite < plain.numel():
        raise FileRefusal(
            FailureCode.NON_FINITE_WEIGHTS,
            f"has {plain.numel() - finite} of {math.prod(plain.shape)} weights of `{printable(name)}` that are "
            "not finite (NaN or infinite).",
            "The training that made it has diverged; upload an earlier checkpoint.",
        )
    return plain

"""State dicts that `torch.save` wrote; only ever read in the locked-down child, and only as weights."""

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from worker.intake.formats import SAVE_STATE_DICT
from worker.intake.refusals import FileRefusal, printable, rejected, unsafe

WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params")
"""Keys under which training scripts keep a state dict beside epoch, optimizer and the like."""
MAX_WRAPPERS = 4
DAMAGE = (RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError, AssertionError, struct.error)
"""What torch raises over a damaged file."""
FORBIDDEN_GLOBAL = re.compile(r"GLOBAL\s+([\w.]+)")


def read_torch(path: Path) -> dict[str, Tensor]:
    """Tensors by name of a `.pt` or `.pth` file; raises `FileRefusal` that says why it is none."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise _explain(error) from error
    except DAMAGE as error:
        if "not enough memory" in str(error):
            raise
        raise rejected("is cut short or damaged: PyTorch cannot read it.", "Save it again and upload it.") from error
    return _unwrap(content)


def _explain(error: UnpicklingError) -> FileRefusal:
    found = FORBIDDEN_GLOBAL.search(str(error))
    if found is None:
        return unsafe("holds more than weights, or is damaged; it was not opened.", SAVE_STATE_DICT)
    return unsafe(
        f"holds the Python object `{printable(found[1])}`, not only weights, and could run code; it was not opened.",
        SAVE_STATE_DICT,
    )


def _unwrap(content: Any) -> dict[str, Tensor]:
    for _ in range(MAX_WRAPPERS):
        if isinstance(content, Tensor):
            raise rejected("holds a single tensor, not a state dict.", SAVE_STATE_DICT)
        if not isinstance(content, Mapping):
            break
        tensors = {name: value for name, value in content.items() if isinstance(value, Tensor)}
        inner = [content[key] for key in WRAPPERS if isinstance(content.get(key), Mapping)]
        are_numbers = all(not tensor.dim() for tensor in tensors.values())  # an epoch, a best accuracy
        if tensors and not (inner and are_numbers):
            return _named(tensors)
        if not inner:
            break
        content = inner[0]
    raise rejected("holds no state dict: no tensors with names were found in it.", SAVE_STATE_DICT)


def _named(tensors: Mapping[Any, Tensor]) -> dict[str, Tensor]:
    odd = next((name for name in tensors if not isinstance(name, str)), None)
    if odd is not None:
        raise rejected(f"names a tensor {printable(repr(odd))}, which is not a text.", SAVE_STATE_DICT)
    return dict(tensors)

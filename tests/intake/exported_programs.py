"""Exported programs that the tests make: of small networks, good ones first."""

import io
import warnings

import torch
from torch import nn


def batch_dim():
    """A batch axis of any size."""
    return {0: torch.export.Dim("batch")}


def exported(module: nn.Module, inputs, *, is_dynamic=True, is_training=False) -> bytes:
    """The file that `torch.export.save` writes."""
    module.train(is_training)
    shapes = tuple(batch_dim() for _ in inputs) if is_dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, tuple(inputs), dynamic_shapes=shapes, strict=False)
        out = io.BytesIO()
        torch.export.save(program, out)
    module.eval()
    return out.getvalue()

"""Exported programs that the tests make."""

import io
import warnings

import torch
from torch import nn


def exported(module: nn.Module, inputs, *, is_dynamic=True, is_training=False) -> bytes:
    """The file that `torch.export.save` writes."""
    module.train(is_training)
    batch = torch.export.Dim("batch")
    shapes = tuple({0: batch} for _ in inputs) if is_dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, tuple(inputs), dynamic_shapes=shapes, strict=False)
    module.eval()
    return saved_program(program)


def saved_program(program) -> bytes:
    """A program as `torch.export.save` writes it."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(program, out)
    return out.getvalue()

"""A network as a `.pt2` file, for `torch.export.load`."""

import io

import torch
from torch.export import ExportedProgram

from worker.delivery.tracing import quiet


def write_exported_program(program: ExportedProgram) -> bytes:
    """The bytes of a `.pt2` file; equal programs give equal bytes."""
    file = io.BytesIO()
    with quiet():
        torch.export.save(program, file)
    return file.getvalue()

"""Runs inside the sandbox: an ONNX model becomes a network."""

import re
from pathlib import PurePath

from worker.intake.onnx.reader import ARCHITECTURE, read_onnx
from worker.intake.opened import Opened, Uploaded

UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
MAX_NAME = 100


def open_onnx(uploaded: Uploaded) -> Opened:
    """The network of an ONNX model, called after its file; raises `FileRefusal`."""
    stem = UNFIT.sub("-", PurePath(uploaded.name).stem).strip("-")[:MAX_NAME]
    reading = read_onnx(uploaded.path.read_bytes(), stem or ARCHITECTURE)
    return Opened(reading.network, notes=reading.notes)

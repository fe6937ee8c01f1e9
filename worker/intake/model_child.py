"""Runs inside the sandbox: an untrusted file becomes a network, or a refusal that says why not."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from backend.domain.network import ArchitectureMatch
from worker.engine.difference import with_differences
from worker.engine.network import dump, summarize
from worker.intake.activations import check_activations
from worker.intake.deadline import deadline
from worker.intake.formats import Format, recognize
from worker.intake.opened import Opened, Uploaded
from worker.intake.refusals import naming

READERS = {
    Format.SAFETENSORS: "worker.intake.state_dicts:open_safetensors",
    Format.TORCH: "worker.intake.state_dicts:open_torch",
    Format.EXPORTED_PROGRAM: "worker.intake.exported_program.reader:open_program",
    Format.ONNX: "worker.intake.onnx_models:open_onnx",
}
"""Function that reads a format; imported only for a file of that format, because each imports much."""


def inspect(file: Path, folder: Path, arguments: Mapping[str, Any]) -> JsonValue:
    """Write the network's files into `folder`, or give the architectures to choose from.

    `arguments`: `name` (the file's name as the user knows it), `choice` (an ArchitectureMatch as JSON, or None),
    `seconds` (time limit), `graph`, `weights` and `summary` (names of the files to write), and `is_gated`.
    """
    choice = ArchitectureMatch.model_validate(arguments["choice"]) if arguments["choice"] else None
    with naming(arguments["name"]), deadline(arguments["seconds"]):
        opened = _open(Uploaded(file, file.stat().st_size, arguments["name"], choice, arguments["is_gated"]))
        if opened.network is not None:
            check_activations(opened.network)
            counted = summarize(opened.network).model_copy(update={"notes": opened.notes})
            summary = with_differences(opened.network, counted)
            files = dump(opened.network)
            (folder / arguments["graph"]).write_text(files.graph)
            (folder / arguments["weights"]).write_bytes(files.weights)
            (folder / arguments["summary"]).write_text(summary.model_dump_json())
    return {"matches": [match.model_dump(mode="json") for match in opened.matches]}


def _open(uploaded: Uploaded) -> Opened:
    with uploaded.path.open("rb") as stream:
        module, name = READERS[recognize(stream, uploaded.size)].split(":")
    reader: Callable[[Uploaded], Opened] = getattr(importlib.import_module(module), name)
    return reader(uploaded)

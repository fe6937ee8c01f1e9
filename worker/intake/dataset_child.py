"""Runs inside the sandbox: an untrusted `.npz` becomes one safetensors file of checked arrays."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from safetensors.numpy import save_file

from worker.intake.arrays import to_examples
from worker.intake.npz import read_arrays
from worker.intake.refusals import naming


def inspect(file: Path, folder: Path, arguments: Mapping[str, Any]) -> JsonValue:
    """Write the arrays into `folder`.

    `arguments`: `name` (the file's name as the user knows it), `arrays` (name of the file to write).
    """
    with naming(arguments["name"]):
        data = to_examples(read_arrays(file))
    save_file(data.arrays(), folder / arguments["arrays"])
    return None

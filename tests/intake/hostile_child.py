"""Runs inside the sandbox: opens every archive of a bundle as an upload is opened, and tells how each ended."""

import tarfile
from pathlib import Path

from backend.domain.errors import JobFailure
from worker.intake import model_child


def open_all(file: Path, folder: Path, arguments):
    """Code and sentence by member of the tar archive `file`; a member's name ends in `on` or `off` (the gate)."""
    outcomes = {}
    with tarfile.open(file) as bundle:
        for member in bundle.getmembers():
            stream = bundle.extractfile(member)
            upload = folder / "upload"
            upload.write_bytes(stream.read())
            outcomes[member.name] = open_one(upload, folder, is_gated=member.name.endswith("on"))
    return outcomes


def open_one(upload: Path, folder: Path, *, is_gated: bool):
    names = {"graph": "graph", "weights": "weights", "summary": "summary"}
    try:
        model_child.inspect(
            upload, folder, {"name": "net.pt2", "choice": None, "seconds": 60, "is_gated": is_gated, **names}
        )
    except JobFailure as failure:
        return [failure.code, failure.detail]
    except MemoryError:
        return ["out_of_memory", ""]
    return ["read", ""]

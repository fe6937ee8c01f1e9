"""The child of the sandbox: locks itself down, then runs one function on one untrusted file and answers on a pipe.

Started by `worker.sandbox.parent` in a fresh interpreter with an empty environment. Nothing of the file is touched,
and no library that could touch it is imported, before the process is locked.
"""

import errno
import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.domain.errors import FailureCode, JobFailure
from worker.sandbox.installation import installation_failure
from worker.sandbox.kernel import PR_SET_PDEATHSIG, Unsupported, prctl
from worker.sandbox.limits import Limits
from worker.sandbox.lockdown import lock_down

NO_SPACE = frozenset({errno.EFBIG, errno.ENOSPC, errno.EDQUOT})
OUT_OF_MEMORY_SIGNS = ("DefaultCPUAllocator", "not enough memory", "Cannot allocate memory")
MAX_SENTENCE = 4000


def main() -> None:
    """Read the request from the command line, obey it, answer, and leave without cleaning up."""
    request = json.loads(sys.argv[1])
    _die_with_parent(request["parent"])
    folder = Path(request["folder"])
    file = Path(request["file"]) if request["file"] else None
    limits = Limits(**request["limits"])
    sys.path.extend(request["code_folders"])
    readable = [*map(Path, request["code_folders"]), *([file] if file else [])]
    protection = lock_down(limits, folder, readable)
    if protection.missing and request["is_lockdown_required"]:
        reply = _unavailable(protection.missing)
    else:
        reply = _obey(request["entry"], file, folder, request["arguments"])
    _send(reply, request["reply_to"], limits.reply_bytes)
    os._exit(0)


def _die_with_parent(parent: int) -> None:
    try:
        prctl("parent death signal", PR_SET_PDEATHSIG, signal.SIGKILL)
    except (Unsupported, OSError):
        return  # the parent's wall clock still ends this process
    if os.getppid() != parent:
        os._exit(1)


def _unavailable(missing: tuple[str, ...]) -> dict[str, Any]:
    failure = JobFailure(
        FailureCode.SANDBOX_UNAVAILABLE,
        f"This machine cannot lock down the process that opens uploaded files: {'; '.join(missing)}.",
        "Run the worker on Linux 5.13 or later with Landlock; weights may also be uploaded as .safetensors.",
    )
    return _as_reply(failure)


def _obey(entry: str, file: Path | None, folder: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        function = _import(entry)
        return {"kind": "done", "value": function(file, folder, arguments)}
    except JobFailure as failure:
        return _as_reply(failure)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever a parser raises becomes an answer
        known = _recognize_limit(error) or _recognize_installation(error)
        return _as_reply(known) if known else _as_crash(error)


def _import(entry: str) -> Callable[..., Any]:
    """The function `module:name`; what is imported with it stays, so that garbage is not searched for among it."""
    module, name = entry.split(":")
    gc.disable()
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    gc.freeze()
    gc.enable()
    return function


def _recognize_limit(error: Exception) -> JobFailure | None:
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in OUT_OF_MEMORY_SIGNS):
        return JobFailure(
            FailureCode.OUT_OF_MEMORY,
            "Opening the file asks for more memory than a file of this size may use.",
            "Save the tensors whole (tensor.clone()) and without duplicates, and upload the file again.",
        )
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return JobFailure(FailureCode.DISK_FULL, "Opening the file writes more than there is room for.")
    return None


def _recognize_installation(error: Exception) -> JobFailure | None:
    """The failure where our own code or a library of it is missing or may not be read: no file can be at fault."""
    is_denied = isinstance(error, PermissionError) and _is_code(error.filename)
    is_ours = is_denied or isinstance(error, ImportError)
    return installation_failure(f"{type(error).__name__}: {error}") if is_ours else None


def _is_code(path: object) -> bool:
    return any(folder and str(path).startswith(folder) for folder in sys.path)


def _as_reply(failure: JobFailure) -> dict[str, Any]:
    sentences = {"detail": failure.detail[:MAX_SENTENCE], "hint": failure.hint[:MAX_SENTENCE]}
    return {"kind": "failed", "code": failure.code, **sentences}


def _as_crash(error: Exception) -> dict[str, Any]:
    return {"kind": "crashed", "error": f"{type(error).__name__}: {error}"[:MAX_SENTENCE]}


def _send(reply: dict[str, Any], pipe: int, limit: int) -> None:
    message = json.dumps(reply).encode()
    if len(message) > limit:
        message = json.dumps({"kind": "crashed", "error": f"an answer of {len(message)} bytes"}).encode()
    with os.fdopen(pipe, "wb") as stream:
        stream.write(message)

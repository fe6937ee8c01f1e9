"""Where a node comes from in its author's source, out of an untrusted file: a base name, a line, a module; no more."""

import re

from worker.intake.exported_program.document import Record
from worker.intake.refusals import printable

FRAME = re.compile(r'File "(?P<path>[^"\n]{1,1000})", line (?P<line>\d{1,7})')
MAX_TRACE = 50_000
OWN_FOLDER = re.compile(r"(^|[\\/])torch[\\/]|^<")
"""Frames inside PyTorch, and in code that it generates (`<eval_with_key>.5`), say nothing of the author's source."""


def read_place(node: Record) -> str | None:
    """`resnet.py:92 in layer1.0.conv1`, or as much of it as the file tells."""
    metadata = node.get("metadata")
    if not isinstance(metadata, dict):
        return None
    line, module = _line(metadata.get("stack_trace")), _module(metadata.get("nn_module_stack"))
    if line and module:
        return f"{line} in {module}"
    return line or (f"in {module}" if module else None)


def _line(trace: object) -> str | None:
    """The innermost line of a file that is not PyTorch's own; code that was made up on the way is in no file."""
    if not isinstance(trace, str):
        return None
    frames = [match for match in FRAME.finditer(trace[-MAX_TRACE:]) if not OWN_FOLDER.search(match["path"])]
    if not frames:
        return None
    base = re.split(r"[\\/]", frames[-1]["path"])[-1]
    return f"{printable(base)}:{frames[-1]['line']}" if base else None


def _module(stack: object) -> str | None:
    """The path of the innermost module; entries are `key,path,class`."""
    if not isinstance(stack, str):
        return None
    fields = stack[-MAX_TRACE:].rpartition(";")[2].split(",")
    return printable(fields[1]) if len(fields) == 3 and fields[1] and not fields[1].startswith("_empty") else None

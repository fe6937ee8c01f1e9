"""Where a traced operation comes from in its author's source."""

import re
from pathlib import PurePath

_FRAME = re.compile(r'File "(?P<path>[^"\n]{1,1000})", line (?P<line>\d{1,7})')
_OWN_FOLDER = re.compile(r"(^|[\\/])torch[\\/]")
"""Frames inside PyTorch say nothing of the author's source."""
_LONGEST = 500


def place_of(stack_trace: str | None, module: str | None) -> str | None:
    """`resnet.py:92 in layer1.0.conv1`, or as much of it as is known: innermost own line, path of the module."""
    frames = [match for match in _FRAME.finditer(stack_trace or "") if not _OWN_FOLDER.search(match["path"])]
    line = f"{PurePath(frames[-1]['path']).name}:{frames[-1]['line']}" if frames else ""
    inside = f"in {module}" if module else ""
    return " ".join(part for part in (line, inside) if part)[:_LONGEST] or None

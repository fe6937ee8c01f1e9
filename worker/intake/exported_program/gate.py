"""A look at an archive before it is read: what could carry code is named, so that a user gets a sentence.

It is no boundary: the reader runs nothing of what is refused here, and it works in a locked-down process.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from worker.intake.exported_program.document import SAVE_AGAIN, Record
from worker.intake.exported_program.expressions import NotAnExpression, parse_size
from worker.intake.refusals import FileRefusal, printable, rejected, unsafe

KNOWN = re.compile(
    r"models/model\.json|data/(weights|constants)/(model_(weights|constants)_config\.json|(weight|tensor)_\d+)"
    r"|data/sample_inputs/model\.pt|archive_format|archive_version|byteorder|version|\.data/[\w.]+|extra/.*|\.[a-z_]+"
)
CODE = {
    "data/aotinductor/": "compiled code (AOTInductor)",
    "data/constants/custom_obj_": "a custom object",
    "data/constants/opaque_obj_": "an opaque object",
    "data/executorch/": "an ExecuTorch program",
    "data/mtia": "compiled code (MTIA)",
}
"""Where members lie that hold more than numbers -> what they hold."""
SPECIFICATIONS = ("in_spec", "out_spec")
FACTORY = "default_factory_module"


def check_names(names: Iterable[str]) -> None:
    """Known members only, and none with code; raises `FileRefusal`."""
    for name in names:
        held = next((held for start, held in CODE.items() if name.startswith(start)), None)
        if held is not None:
            raise unsafe(f"holds {held}, which could run code; it was not opened.", SAVE_AGAIN)
        if not KNOWN.fullmatch(name):
            raise rejected(f"holds `{printable(name)}`, which no exported program has.", SAVE_AGAIN)


def check_configuration(configuration: Record) -> None:
    """Every tensor is stored as plain numbers; raises `FileRefusal`."""
    for name, entry in configuration.record("config").items():
        if entry.get("use_pickle") is not False:
            raise unsafe(
                f"holds `{printable(name)}` as a pickled Python object, which could run code; it was not opened.",
                "Export a network whose parameters and constants are plain tensors.",
            )


def check_program(program: Record) -> None:
    """Sizes are arithmetic, structures name no module, and no argument is an object; raises `FileRefusal`."""
    for key, value in _fields(program):
        if key == "expr_str":
            _check_size(value)
        elif key in SPECIFICATIONS and FACTORY in str(value):
            raise _refuse("names a Python module to import (a defaultdict among inputs or outputs)")
        elif key in ("as_custom_obj", "custom_obj"):
            raise _refuse("passes a custom object")


def _check_size(value: Any) -> None:
    try:
        parse_size(value if isinstance(value, str) else "")
    except NotAnExpression as error:
        raise _refuse(f"gives a size that is no arithmetic, but {printable(str(error))}") from error


def _refuse(reason: str) -> FileRefusal:
    return unsafe(f"{reason}, which could run code; it was not opened.", SAVE_AGAIN)


def _fields(program: Record) -> Iterator[tuple[str, Any]]:
    """Every field at every depth."""
    waiting: list[Any] = [program.get("graph_module"), program.get("range_constraints")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield from value.items()
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)

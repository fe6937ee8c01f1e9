"""Sentences about what an ONNX file asks for that cannot be done."""

from backend.domain.errors import FailureCode
from worker.intake.refusals import FileRefusal, printable, rejected

EXPORT_AGAIN = "Export it again with `torch.onnx.export(model.eval(), example, path, external_data=False)`."
DOCUMENTED = "docs/formats.md lists what is read."


def damaged(reason: str) -> FileRefusal:
    """The file contradicts itself or is not complete."""
    return rejected(reason, EXPORT_AGAIN)


def unsupported(reason: str, hint: str = DOCUMENTED) -> FileRefusal:
    """The file is sound, but asks for something that cannot be represented."""
    return FileRefusal(FailureCode.UNSUPPORTED_OPERATION, reason, hint)


def quoted(name: str | bytes) -> str:
    """A name from the file in backquotes, short and on one line."""
    return f"`{printable(text(name))}`"


def text(name: str | bytes) -> str:
    """A text from the file: protobuf hands out the bytes of one that is no UTF-8."""
    return name if isinstance(name, str) else name.decode(errors="replace")

"""Files that commands write: whether they can be, asked before the work, and whole or not at all."""

from pathlib import Path
from tempfile import TemporaryFile

from backend.domain.errors import InvalidValue


def require_writable(file: Path) -> None:
    """Raise InvalidValue where `file` cannot be written, or written over."""
    place = file.resolve()
    folder = place.parent
    if not folder.is_dir():
        raise InvalidValue(
            f"There is no folder {folder} to write {file.name} into.", hint="Make it, or give another file."
        )
    if place.exists() and not place.is_file():
        raise InvalidValue(f"{file} is no file that can be written over.", hint="Give another file.")
    _require_room(folder, f"{file} cannot be written", "Give a file in another folder.")


def require_writable_folder(folder: Path) -> None:
    """Raise InvalidValue where `folder` cannot be made, or no file written into it; it is not made."""
    place = folder.resolve()
    above = next(one for one in (place, *place.parents) if one.exists())
    if not above.is_dir():
        raise InvalidValue(f"{folder} cannot be a folder: {above} is none.", hint="Give another folder.")
    _require_room(above, f"The folder {folder} cannot be written", "Give another folder.")


def _require_room(folder: Path, failed: str, hint: str) -> None:
    """Try it: rights alone do not tell, as of a folder of the system that belongs to nobody."""
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InvalidValue(f"{failed}: {(error.strerror or str(error)).lower()}.", hint=hint) from error


def write_whole(file: Path, content: bytes) -> None:
    """Write beside the place and move there, so that what is found is whole; raises OSError."""
    place = file.resolve()
    scratch = place.with_name(place.name + ".new")
    try:
        scratch.write_bytes(content)
        scratch.replace(place)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise

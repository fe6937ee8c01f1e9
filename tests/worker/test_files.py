"""Files that commands write: told before the work where they cannot be, and whole or not at all."""

import errno
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from backend.domain.errors import InvalidValue
from worker import files
from worker.cli import CommandFolder, secateur
from worker.files import require_writable, require_writable_folder, write_whole


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder lets anybody write."""

    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files, "TemporaryFile", refuse)


def test_what_can_be_written_is_left_as_it_is(file: Path, tmp_path: Path) -> None:
    require_writable(file)
    require_writable(tmp_path / "new")
    require_writable_folder(tmp_path)
    require_writable_folder(tmp_path / "new" / "deeper")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_bytes() == b"old"


def test_a_place_that_is_none_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"There is no folder .*none to write a into"):
        require_writable(tmp_path / "none" / "a")
    with pytest.raises(InvalidValue, match="is no file that can be written over"):
        require_writable(tmp_path)
    with pytest.raises(InvalidValue, match=f"cannot be a folder: {file} is none"):
        require_writable_folder(file / "a" / "b")


@pytest.mark.usefixtures("locked")
def test_a_folder_that_cannot_be_written_is_told(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="file cannot be written: permission denied"):
        require_writable(file)
    with pytest.raises(InvalidValue, match="new cannot be written: permission denied"):
        require_writable_folder(tmp_path / "new")


def test_a_file_that_could_not_be_written_whole_stays_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes

    def half(self: Path, content: bytes) -> int:
        write(self, content[:1])
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", half)
        with pytest.raises(OSError, match="No space left"):
            write_whole(file, b"new")
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == {"file": b"old"}
    write_whole(file, b"new")
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == {"file": b"new"}


def test_a_link_is_written_through(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_what_the_system_refuses_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("fail")
    def fail() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/a.zip")

    monkeypatch.setattr(CommandFolder, "get_command", lambda *_: fail)
    result = CliRunner().invoke(secateur, ["fail"])
    assert result.exit_code == 1
    assert result.output == "Error: The system refused: /data/a.zip: No space left on device.\n"


LENET = ("lenet300", "--data", "digits", "--threads", "1", "--device", "cpu")
PLACES = {
    "sample": (*LENET, "-o", "FILE/net.safetensors"),
    "prune": ("FILE", "--data", "digits", "-o", "FILE/out"),
    "bench": ("--data", "digits", "-o", "FILE/out"),
    "export": ("torch.nn:Identity", "--example", "1x4", "-o", "FILE/net.pt2"),
}


@pytest.mark.parametrize("command", PLACES)
def test_every_command_says_so_before_its_work(command: str, file: Path) -> None:
    result = CliRunner().invoke(secateur, [command, *(part.replace("FILE", str(file)) for part in PLACES[command])])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert f"There is no folder {file}" in result.output or f"{file} is none" in result.output


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("command", PLACES)
def test_every_command_tries_whether_it_may_write(command: str, file: Path) -> None:
    given = [part.replace("FILE/", f"{file.parent}/").replace("FILE", str(file)) for part in PLACES[command]]
    result = CliRunner().invoke(secateur, [command, *given])
    assert result.exit_code == 1
    assert "cannot be written: permission denied" in result.output


def test_a_document_in_another_encoding_is_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")
    result = CliRunner().invoke(secateur, ["bench", "-o", str(file.parent / "out"), "--document", str(file)])
    assert result.exit_code == 1
    assert "file is no UTF-8 text" in result.output

"""Where uploads lie, and when they are forgotten."""

import os
import time
from pathlib import Path

import pytest

from backend.domain.errors import NotFound
from backend.services.uploads import UploadFolder


@pytest.fixture
def uploads(tmp_path: Path) -> UploadFolder:
    return UploadFolder(tmp_path / "uploads", limit_bytes=1000, reserve_bytes=0)


def age(folder: Path, upload_id: str, seconds: float, *suffixes: str) -> None:
    for suffix in suffixes:
        moment = time.time() - seconds
        os.utime(folder / f"{upload_id}{suffix}", (moment, moment))


def test_only_uploads_that_stopped_growing_are_forgotten(uploads: UploadFolder, tmp_path: Path) -> None:
    stale, growing, fresh = (uploads.create("model", "a.pt", 10).id for _ in range(3))
    age(tmp_path / "uploads", stale, 100, ".json", ".part")
    age(tmp_path / "uploads", growing, 100, ".json")
    assert uploads.sweep(stale_after_s=50) == 1
    with pytest.raises(NotFound):
        uploads.get(stale)
    assert uploads.get(growing).id == growing
    assert uploads.get(fresh).id == fresh


def test_a_sweep_leaves_foreign_files_alone(uploads: UploadFolder, tmp_path: Path) -> None:
    uploads.create("model", "a.pt", 10)
    foreign = tmp_path / "uploads" / "README"
    foreign.write_text("not ours")
    os.utime(foreign, (0, 0))
    uploads.sweep(stale_after_s=50)
    assert foreign.exists()


def test_a_sweep_before_the_first_upload_does_nothing(uploads: UploadFolder) -> None:
    assert uploads.sweep() == 0


def test_a_broken_note_is_no_upload(uploads: UploadFolder, tmp_path: Path) -> None:
    upload = uploads.create("model", "a.pt", 10)
    (tmp_path / "uploads" / f"{upload.id}.json").write_text("{")
    with pytest.raises(NotFound):
        uploads.get(upload.id)


@pytest.mark.parametrize("upload_id", ["../secret", "", "a" * 31, "A" * 32, "0" * 32 + "/..", "0" * 31 + "\n"])
def test_only_ids_lead_to_files(uploads: UploadFolder, upload_id: str) -> None:
    with pytest.raises(NotFound):
        uploads.get(upload_id)
    with pytest.raises(NotFound):
        uploads.delete(upload_id)


def test_only_this_user_can_read_uploads(uploads: UploadFolder, tmp_path: Path) -> None:
    upload = uploads.create("model", "a.pt", 10)
    assert (tmp_path / "uploads").stat().st_mode & 0o077 == 0
    assert (tmp_path / "uploads" / f"{upload.id}.part").stat().st_mode & 0o077 == 0

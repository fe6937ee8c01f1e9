"""A data folder belongs to one Secateur at a time."""

from pathlib import Path

import pytest

from backend.domain.errors import CannotStart
from worker.data_folder import FolderLock, prepare_folder


def test_a_new_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "new" / "data")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(CannotStart, match=r"inner cannot be created"):
        prepare_folder(tmp_path / "data" / "inner")


def test_a_second_lock_is_refused_and_names_the_owner(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(CannotStart, match=r"in use by another Secateur \(process \d+\)"):
        FolderLock(tmp_path).__enter__()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    with FolderLock(tmp_path):
        pass
    with FolderLock(tmp_path):
        pass

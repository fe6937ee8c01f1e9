"""The artifact store keeps bytes by what they are, and survives crashes and full disks."""

import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from backend.domain.errors import DiskFull, NotFound
from backend.storage import ArtifactStore
from backend.storage import store as store_module
from backend.storage.durable import PARTIAL_SUFFIX, write_durably
from backend.storage.store import CHUNK_BYTES
from tests.storage.bucket import bucket_server

JOB = "a" * 32
HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore((tmp_path / "arti facts").as_uri(), tmp_path / "checkpoints")


@pytest.fixture(scope="module")
def bucket() -> Iterator[Mapping[str, str]]:
    with bucket_server("secateur") as environment:
        yield environment


@pytest.fixture(params=["folder", "bucket"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArtifactStore:
    """What a store promises, it promises on a disk and in a bucket alike."""
    if request.param == "folder":
        return ArtifactStore((tmp_path / "artifacts").as_uri(), tmp_path / "checkpoints")
    for name, value in request.getfixturevalue("bucket").items():
        monkeypatch.setenv(name, value)
    return ArtifactStore(f"s3://secateur/{tmp_path.name}", tmp_path / "unused")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_blob_is_named_by_its_sha256_and_kept_once(store: ArtifactStore, tmp_path: Path) -> None:
    first, second = store.put_bytes(b"hello"), store.put_bytes(b"hello")
    assert (first.sha256, first.size) == (HELLO, 5)
    assert second == first
    assert store.read(HELLO) == b"hello"
    assert len(_files(tmp_path / "arti facts")) == 1


def test_a_file_is_copied_in_and_out(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(CHUNK_BYTES + 17))
    blob = store.put_file(source)
    assert source.exists()
    assert blob.size == store.size(blob.sha256) == CHUNK_BYTES + 17
    copy = store.local_copy(blob.sha256, tmp_path, "../../etc/pass wd")
    assert copy == tmp_path / "etc_pass_wd"
    assert copy.read_bytes() == source.read_bytes()
    assert store.local_copy(blob.sha256, tmp_path).name == blob.sha256


@pytest.mark.parametrize("start", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 16, CHUNK_BYTES + 17])
def test_a_stream_begins_where_it_is_asked_to(any_store: ArtifactStore, start: int) -> None:
    data = os.urandom(CHUNK_BYTES + 17)
    blob = any_store.put_bytes(data)
    assert b"".join(any_store.stream(blob.sha256, start)) == data[start:]


@pytest.mark.parametrize("name", ["0" * 64, "../" * 5, "", "A" * 64])
def test_what_is_not_there_or_no_name_is_not_found(any_store: ArtifactStore, name: str, tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: any_store.read(name),
        lambda: any_store.stream(name),
        lambda: any_store.size(name),
        lambda: any_store.local_copy(name, tmp_path),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()


def test_only_a_blob_that_was_put_long_ago_is_deleted_and_may_be_again(
    any_store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = any_store.put_bytes(b"hello")
    assert not any_store.delete_settled(blob.sha256)
    assert any_store.read(blob.sha256) == b"hello"
    monkeypatch.setattr(store_module, "SETTLING_S", 0.0)
    assert any_store.delete_settled(blob.sha256)
    assert any_store.delete_settled(blob.sha256)
    with pytest.raises(NotFound):
        any_store.read(blob.sha256)


def test_a_put_makes_a_blob_new_again(any_store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = any_store.put_bytes(b"hello")
    monkeypatch.setattr(store_module, "SETTLING_S", 2.0)
    time.sleep(2.1)  # a bucket tells whole seconds
    any_store.put_bytes(b"hello")
    assert not any_store.delete_settled(blob.sha256)


def test_the_newest_epoch_adopts_the_checkpoint_and_older_ones_cannot_change_it(any_store: ArtifactStore) -> None:
    assert any_store.load_checkpoint(JOB, epoch=1) is None
    any_store.save_checkpoint(JOB, b"one", epoch=1)
    assert any_store.load_checkpoint(JOB, epoch=2) == b"one"
    any_store.save_checkpoint(JOB, b"late", epoch=1)
    assert any_store.load_checkpoint(JOB, epoch=2) == b"one"
    any_store.save_checkpoint(JOB, b"two", epoch=2)
    assert any_store.load_checkpoint(JOB, epoch=10) == b"two"


def test_the_newest_checkpoint_is_read_in_pieces_and_stays(any_store: ArtifactStore) -> None:
    with pytest.raises(NotFound, match="keeps no checkpoint"):
        any_store.stream_checkpoint(JOB)
    any_store.save_checkpoint(JOB, b"old", epoch=1)
    newest = os.urandom(CHUNK_BYTES + 17)
    any_store.save_checkpoint(JOB, newest, epoch=2)
    for _ in range(2):
        assert b"".join(any_store.stream_checkpoint(JOB)) == newest


def test_a_file_comes_back_as_it_went_in(any_store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(CHUNK_BYTES + 17))
    blob = any_store.put_file(source)
    assert any_store.local_copy(blob.sha256, tmp_path).read_bytes() == source.read_bytes()


def test_an_ended_jobs_checkpoints_are_gone(any_store: ArtifactStore) -> None:
    any_store.save_checkpoint(JOB, b"mine", epoch=1)
    any_store.delete_checkpoint("b" * 32)
    assert any_store.load_checkpoint(JOB, epoch=1) == b"mine"
    any_store.delete_checkpoint(JOB)
    assert any_store.load_checkpoint(JOB, epoch=1) is None


def test_checkpoints_of_different_jobs_do_not_meet(store: ArtifactStore, tmp_path: Path) -> None:
    store.save_checkpoint(JOB, b"mine", epoch=1)
    assert store.load_checkpoint("b" * 32, epoch=1) is None
    store.delete_checkpoint("b" * 32)
    assert store.load_checkpoint(JOB, epoch=1) == b"mine"
    store.delete_checkpoint(JOB)
    assert _files(tmp_path / "checkpoints") == []


def test_a_checkpoint_of_no_job_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(ValueError, match="not a job id"):
        store.save_checkpoint("../../x", b"", epoch=1)


def test_what_does_not_fit_is_refused_before_it_is_written(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "free_bytes", lambda: 4)
    store.put_bytes(b"four")
    for write in (lambda: store.put_bytes(b"fiver"), lambda: store.save_checkpoint(JOB, b"fiver", epoch=1)):
        with pytest.raises(DiskFull):
            write()
    assert len(_files(tmp_path)) == 1


@pytest.mark.parametrize("operation", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_write_that_fails_anywhere_leaves_the_old_checkpoint(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str, number: int
) -> None:
    store.save_checkpoint(JOB, b"old", epoch=1)

    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*(os, "fsync", fail) if operation == "fsync" else (Path, "replace", fail))
    expected = DiskFull if number == errno.ENOSPC and operation == "fsync" else OSError
    with pytest.raises(expected):
        store.save_checkpoint(JOB, b"new", epoch=1)
    monkeypatch.undo()
    assert store.load_checkpoint(JOB, epoch=1) == b"old"
    assert not [path for path in _files(tmp_path) if path.name.endswith(PARTIAL_SUFFIX)]


def test_a_half_written_checkpoint_is_never_loaded_and_goes_with_the_job(store: ArtifactStore, tmp_path: Path) -> None:
    partial = tmp_path / "checkpoints" / f"{JOB}.0000000001{PARTIAL_SUFFIX}"
    partial.write_bytes(b"torn")
    assert store.load_checkpoint(JOB, epoch=2) is None
    store.delete_checkpoint(JOB)
    assert not partial.exists()


def test_a_durable_write_replaces_the_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old and long")
    write_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert _files(tmp_path) == [path]

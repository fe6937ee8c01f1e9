"""Blobs leave the store when no row names them, and never between their put and the commit of the row."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.db.models import ModelRow
from backend.services.blobs import sweep_blobs
from backend.storage import ArtifactStore
from tests.blobs import age_blobs, blob_names, sweep_later
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures


@pytest.fixture
def sessions(sqlite_url: str) -> Iterator[sessionmaker[Session]]:  # noqa: F811 - the fixture above
    engine = create_engine(sqlite_url)
    yield create_sessions(engine)
    engine.dispose()


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore((tmp_path / "artifacts").as_uri(), tmp_path / "checkpoints")


def _name(sessions: sessionmaker[Session], sha256: str) -> None:
    with UnitOfWork(sessions) as work:
        work.models.add(ModelRow(name="m", file_name="m.pt", source="upload", state="ready", weights_hash=sha256))


def _drop(sessions: sessionmaker[Session], sha256: str) -> None:
    with UnitOfWork(sessions) as work:
        work.artifacts.drop({sha256, None})


def test_what_another_job_has_just_stored_again_stays_until_its_row_names_it(
    sessions: sessionmaker[Session], store: ArtifactStore
) -> None:
    sha256 = store.put_bytes(b"shared").sha256
    age_blobs(store)
    store.put_bytes(b"shared")  # another job stores the same bytes, and has not committed yet
    _drop(sessions, sha256)
    assert sweep_blobs(sessions, store) == 0
    _name(sessions, sha256)
    assert sweep_later(sessions, store) == {sha256}


def test_what_no_row_names_goes_once_it_is_old(sessions: sessionmaker[Session], store: ArtifactStore) -> None:
    dropped, kept = store.put_bytes(b"dropped").sha256, store.put_bytes(b"kept").sha256
    _drop(sessions, dropped)
    sweep_blobs(sessions, store)
    assert blob_names(store) == {dropped, kept}
    assert sweep_later(sessions, store) == {kept}
    assert sweep_blobs(sessions, store) == 0


def test_a_blob_that_is_gone_already_is_looked_for_once(sessions: sessionmaker[Session], store: ArtifactStore) -> None:
    _drop(sessions, "0" * 64)
    assert sweep_blobs(sessions, store) == 1
    assert sweep_blobs(sessions, store) == 0

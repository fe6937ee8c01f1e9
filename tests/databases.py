"""Fixtures: a migrated database of either kind; import them into a folder's conftest."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.db.migrate import upgrade
from tests.postgres import fresh_database, postgres_server

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL server."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """Name of a migrated database that others are copied from."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    with fresh_database(postgres_url, name) as url:
        upgrade(url)
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that others are copied from."""
    path = tmp_path_factory.mktemp("database") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "secateur.db")
    return f"sqlite:///{tmp_path / 'secateur.db'}"


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database: every test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server, template = request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres_template")
    with fresh_database(server, f"test_{uuid.uuid4().hex[:8]}", template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the migrated database."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on the migrated database."""
    return create_sessions(engine)


@pytest.fixture
def unit_of_work(sessions: sessionmaker[Session]) -> Callable[[], UnitOfWork]:
    """Opens a transaction on the migrated database."""
    return lambda: UnitOfWork(sessions)

"""A bench to run jobs on, over SQLite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.db import create_engine, create_sessions
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures
from tests.worker.workshop import Bench, make_bench


@pytest.fixture
def bench(sqlite_url: str, tmp_path: Path) -> Iterator[Bench]:  # noqa: F811 - the fixture above
    """A workshop with a real database and store."""
    engine = create_engine(sqlite_url)
    yield make_bench(create_sessions(engine), tmp_path)
    engine.dispose()

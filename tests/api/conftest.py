"""The API on a migrated SQLite database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend.db import create_engine, create_sessions
from tests.api.application import Application, make_application
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures


@pytest.fixture
def application(sqlite_url: str, tmp_path: Path) -> Iterator[Application]:  # noqa: F811
    """A fresh application."""
    engine = create_engine(sqlite_url)
    yield make_application(create_sessions(engine), tmp_path)
    engine.dispose()


@pytest.fixture
def client(application: Application) -> TestClient:
    """A logged-in client."""
    return application.client()


@pytest.fixture
def stranger(application: Application) -> TestClient:
    """A client without a session."""
    return application.stranger()

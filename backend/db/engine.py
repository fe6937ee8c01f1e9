"""Engines: SQLite with a write-ahead log, or PostgreSQL."""

from typing import Any

import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from backend.domain.errors import CannotStart

BUSY_TIMEOUT_S = 30
"""How long a SQLite writer waits for another one; also the limit of a wait for a PostgreSQL connection."""
DATABASE_AWAY = (OperationalError, InterfaceError, NoConnectionFree)
"""What is raised while the database is busy or cannot be reached, or every connection of the pool is in use."""

_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
)


def create_engine(url: str, *, is_pooled: bool = True) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...` (psycopg).

    `is_pooled=False` opens a connection per transaction: for a process that forks. Raises CannotStart for what is no
    address of a database.
    """
    try:
        return _engine(url, is_pooled=is_pooled)
    except (ArgumentError, ImportError, ValueError) as error:  # it is not quoted: it may hold the password
        raise CannotStart(
            "The address of the database, --database-url or SECATEUR_DATABASE_URL, is of none that Secateur can use.",
            hint="Write it as sqlite:///path or postgresql://user:password@host/name.",
        ) from error


def _engine(url: str, *, is_pooled: bool) -> Engine:
    parsed = make_url(url)
    options: dict[str, Any] = {} if is_pooled else {"poolclass": NullPool}
    if parsed.get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return sqlalchemy.create_engine(
        parsed, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_TIMEOUT_S}, **options
    )


def create_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose rows stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()

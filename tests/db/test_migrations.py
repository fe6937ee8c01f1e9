"""Migrations and models agree, on both databases, and migrations can be undone."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from backend.db import create_engine, migrate
from backend.db.base import Base


def test_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_downgrade_leaves_nothing_and_an_upgrade_brings_it_back(database_url: str, engine: Engine) -> None:
    tables = set(inspect(engine).get_table_names())
    migrate.downgrade(database_url)
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrate.upgrade(database_url)
    assert set(inspect(engine).get_table_names()) == tables


def test_an_upgrade_of_a_new_database_does_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)
    migrate.upgrade(database_url)


def test_migrations_are_found_where_the_wheel_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = tmp_path / "migrations"
    packaged.symlink_to(migrate._SOURCE)
    monkeypatch.setattr(migrate, "_PACKAGED", packaged)
    monkeypatch.setattr(migrate, "_SOURCE", tmp_path / "nowhere")
    migrate.upgrade(f"sqlite:///{tmp_path / 'new.db'}")
    engine = create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    assert inspect(engine).has_table("job")
    engine.dispose()


def test_sqlite_keeps_a_write_ahead_log_and_checks_foreign_keys(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    engine.dispose()
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30_000}

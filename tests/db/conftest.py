"""Database tests run on SQLite and on PostgreSQL."""

from tests.databases import (  # noqa: F401 - fixtures
    database_url,
    engine,
    postgres_template,
    postgres_url,
    sessions,
    sqlite_template,
    sqlite_url,
    unit_of_work,
)

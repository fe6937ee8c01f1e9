"""One transaction on the installation's database, for commands that run beside the server."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.domain.errors import CannotStart


@contextmanager
def database_work(database_url: str) -> Iterator[UnitOfWork]:
    """A unit of work; raises `CannotStart` where the database cannot be reached or has no tables yet."""
    engine = create_engine(database_url)
    try:
        with UnitOfWork(create_sessions(engine)) as work:
            yield work
    except DatabaseError as error:
        raise CannotStart(
            "The database cannot be used, or Secateur was never started on it.",
            hint="Start it with `secateur up`, or name its folder with --data.",
        ) from error
    finally:
        engine.dispose()

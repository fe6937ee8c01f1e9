"""Print an address with a fresh one-time login code."""

from pathlib import Path

import click
from sqlalchemy.exc import DatabaseError

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.domain.errors import CannotStart
from backend.services.accounts import make_login_code
from worker.data_folder import default_database, last_address, prepare_folder
from worker.options import data_option, database_option


def make_login_url(database_url: str, address: str) -> str:
    """An address below `address` that logs in one browser, once, within ten minutes.

    Raises `CannotStart` where the database cannot be reached or has no tables yet.
    """
    engine = create_engine(database_url)
    try:
        with UnitOfWork(create_sessions(engine)) as work:
            code = make_login_code(work)
    except DatabaseError as error:
        raise CannotStart(
            "The database cannot be used, or Secateur was never started on it.",
            hint="Start it with `secateur up`, or name its folder with --data.",
        ) from error
    finally:
        engine.dispose()
    return f"{address}/login?code={code}"


@click.command("login-url")
@data_option
@database_option
@click.option("--address", default=None, help="Where browsers reach Secateur; default: where it was started last.")
def command(data: Path, database_url: str | None, address: str | None) -> None:
    """Print an address with a fresh one-time login code."""
    folder = prepare_folder(data)
    click.echo(make_login_url(database_url or default_database(folder), address or last_address(folder)))

"""Print an address with a fresh one-time login code."""

from pathlib import Path

import click

from backend.services.accounts import make_login_code
from worker.data_folder import default_database, last_address, prepare_folder
from worker.database import database_work
from worker.options import data_option, database_option


def make_login_url(database_url: str, address: str) -> str:
    """An address below `address` that logs in one browser, once, within ten minutes.

    Raises `CannotStart` where the database cannot be reached or has no tables yet.
    """
    with database_work(database_url) as work:
        code = make_login_code(work)
    return f"{address}/login?code={code}"


@click.command("login-url")
@data_option
@database_option
@click.option("--address", default=None, help="Where browsers reach Secateur; default: where it was started last.")
def command(data: Path, database_url: str | None, address: str | None) -> None:
    """Print an address with a fresh one-time login code."""
    folder = prepare_folder(data)
    click.echo(make_login_url(database_url or default_database(folder), address or last_address(folder)))

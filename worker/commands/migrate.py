"""Bring the database to the newest version of its tables."""

from pathlib import Path

import click

from backend.db.migrate import upgrade
from worker.data_folder import default_database, prepare_folder
from worker.options import data_option, database_option


@click.command("migrate")
@data_option
@database_option
def command(data: Path, database_url: str | None) -> None:
    """Bring the database to the newest version of its tables."""
    upgrade(database_url or default_database(prepare_folder(data)))
    click.echo("The database is up to date.")

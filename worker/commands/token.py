"""Make, list and revoke API tokens, on the machine that holds the database."""

from datetime import datetime
from pathlib import Path

import click

from backend.services import api_tokens
from worker.data_folder import default_database, prepare_folder
from worker.database import database_work
from worker.options import data_option, database_option

_DAYS = click.IntRange(1, api_tokens.MOST_DAYS)


@click.group("token")
def command() -> None:
    """Make, list and revoke API tokens: for `secateur push` and other programs."""


@command.command("create")
@click.argument("name")
@click.option("--days", type=_DAYS, default=api_tokens.DEFAULT_DAYS, show_default=True, help="How long it is good for.")
@data_option
@database_option
def create(name: str, days: int, data: Path, database_url: str | None) -> None:
    """Make a token and print it, this once: the database keeps only its hash."""
    if not name.strip() or len(name) > api_tokens.NAME_LENGTH or not name.isprintable():
        raise click.UsageError(f"NAME must be 1 to {api_tokens.NAME_LENGTH} printable characters.")
    with database_work(_url(data, database_url)) as work:
        made = api_tokens.create_token(work, name.strip(), days)
    click.echo(made.secret)
    click.echo(f"Good until {_day(made.row.expires_at)}. It is not shown again; SECATEUR_TOKEN may hold it.", err=True)


@command.command("list")
@data_option
@database_option
def list_all(data: Path, database_url: str | None) -> None:
    """List all tokens: name, when made, when last used, good until."""
    with database_work(_url(data, database_url)) as work:
        rows = [
            f"{row.name}\tmade {_day(row.created_at)}\tlast used {_day(row.seen_at)}\tgood until {_day(row.expires_at)}"
            for row in api_tokens.list_tokens(work)
        ]
    for row in rows or ["There are no API tokens."]:
        click.echo(row)


@command.command("revoke")
@click.argument("name")
@data_option
@database_option
def revoke(name: str, data: Path, database_url: str | None) -> None:
    """Revoke every token of this name."""
    with database_work(_url(data, database_url)) as work:
        count = api_tokens.revoke_named(work, name)
    click.echo(f"{count} revoked.")


def _url(data: Path, database_url: str | None) -> str:
    return database_url or default_database(prepare_folder(data))


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else moment.date().isoformat()

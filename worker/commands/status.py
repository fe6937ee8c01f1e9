"""Say whether the database and the broker can be reached."""

from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.db import create_engine
from backend.queue import Doorbell
from worker.broker import EmbeddedBroker
from worker.data_folder import default_database, prepare_folder
from worker.options import data_option, database_option


@click.command("status")
@data_option
@database_option
@click.option(
    "--broker-url",
    envvar="SECATEUR_BROKER_URL",
    default=None,
    help="redis://:password@host:6379/0; default: the embedded broker of the data folder.",
)
def command(data: Path, database_url: str | None, broker_url: str | None) -> None:
    """Say whether the database and the broker can be reached; exit status 1 if one cannot.

    The health check of a worker's container.
    """
    folder = prepare_folder(data)
    checks = {
        "database": _is_database_reachable(database_url or default_database(folder)),
        "broker": _is_broker_reachable(broker_url or EmbeddedBroker(folder / "broker").url),
    }
    for name, is_reachable in checks.items():
        click.echo(f"{name}: {'reachable' if is_reachable else 'not reachable'}")
    raise SystemExit(0 if all(checks.values()) else 1)


def _is_database_reachable(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()
    return True


def _is_broker_reachable(url: str) -> bool:
    doorbell = Doorbell(url)
    try:
        return doorbell.is_reachable()
    finally:
        doorbell.close()

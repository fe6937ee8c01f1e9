"""Command-line options that several subcommands share; each can also be set in the environment."""

import os
from pathlib import Path

import click

from worker.data_folder import DEFAULT_FOLDER

data_option = click.option(
    "--data",
    envvar="SECATEUR_DATA",
    type=click.Path(path_type=Path),
    default=DEFAULT_FOLDER,
    show_default=True,
    help="The folder that holds all state.",
)
database_option = click.option(
    "--database-url",
    envvar="SECATEUR_DATABASE_URL",
    default=None,
    help="sqlite:///path or postgresql://…; default: SQLite in the data folder.",
)
host_option = click.option(
    "--host", envvar="SECATEUR_HOST", default="127.0.0.1", show_default=True, help="A loopback address."
)
port_option = click.option(
    "--port", envvar="SECATEUR_PORT", type=click.IntRange(1, 65535), default=8000, show_default=True
)
device_option = click.option(
    "--device", envvar="SECATEUR_DEVICE", default="auto", show_default=True, help="auto, cpu or cuda:N."
)
threads_option = click.option(
    "--threads",
    envvar="SECATEUR_THREADS",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    help="Threads of one tensor operation; default: all processors.",
)

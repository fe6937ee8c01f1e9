"""Command-line options that several subcommands share; each can also be set in the environment."""

import math
import os
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from worker.data_folder import DEFAULT_FOLDER


class Fraction(click.FloatRange):
    """More than 0 and less than 1; a plain range lets NaN pass, which is neither below nor above."""

    def __init__(self) -> None:
        super().__init__(0.0, 1.0, min_open=True, max_open=True)

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; what is none or out of range becomes a usage error."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not in the range 0<x<1.", param, ctx)
        return number


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

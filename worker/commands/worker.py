"""Serve one queue: `runs` trains and prunes, `intake` reads uploads."""

import os
import sys

import click

from backend.queue import INTAKE_QUEUE, RUNS_QUEUE
from worker.sandbox.probes import self_test


@click.command("worker")
@click.option("--queue", type=click.Choice([RUNS_QUEUE, INTAKE_QUEUE]), required=True, help="Which jobs to do.")
def command(queue: str) -> None:
    """Serve one queue: `runs` trains and prunes, `intake` reads uploads.

    One job at a time; start one `runs` worker per GPU. Broker, database and data folder come from SECATEUR_*.
    """
    if queue == INTAKE_QUEUE:
        click.echo(self_test().describe(), err=True)
    os.execv(sys.executable, celery_command(queue))  # noqa: S606 - becomes the Celery worker, no shell


def celery_command(queue: str) -> list[str]:
    """Celery's own command line, on the application of `worker.main`."""
    return [
        *(sys.executable, "-m", "worker.main", "worker"),
        *("--queues", queue, "--hostname", f"{queue}-{os.getpid()}@%h"),
        *("--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]

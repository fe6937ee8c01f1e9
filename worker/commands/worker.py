"""Serve one queue: `runs` trains and prunes, `intake` reads uploads."""

import os
import sys

import click

from backend.queue import INTAKE_QUEUE, RUNS_QUEUE


@click.command("worker")
@click.option("--queue", type=click.Choice([RUNS_QUEUE, INTAKE_QUEUE]), required=True, help="Which jobs to do.")
def command(queue: str) -> None:
    """Serve one queue: `runs` trains and prunes, `intake` reads uploads.

    One job at a time; start one `runs` worker per GPU. Broker, database and data folder come from SECATEUR_*.
    """
    celery = [
        *(sys.executable, "-m", "celery", "--app", "worker.main", "worker"),
        *("--queues", queue, "--hostname", f"{queue}-{os.getpid()}@%h"),
        *("--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    environment = {**os.environ, "REMAP_SIGTERM": "SIGQUIT"}
    os.execve(sys.executable, celery, environment)  # noqa: S606 - becomes the Celery worker, no shell

"""Start Secateur on this machine: broker, API and workers, until Ctrl-C."""

import os
from pathlib import Path

import click
import httpx

from backend.db.migrate import upgrade
from backend.queue.urls import redis_url
from worker.commands.login_url import make_login_url
from worker.data_folder import FolderLock, note_address, prepare_folder
from worker.installation import Installation, require_free_port, require_loopback
from worker.options import data_option, host_option, port_option
from worker.supervisor import Supervisor


class Welcome:
    """Prints the address with a one-time login code, once the API answers."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._is_done = False

    def __call__(self) -> None:
        """Look whether the API answers, until it has answered once."""
        if self._is_done or not _is_healthy(self._installation.address):
            return
        self._is_done = True
        url = make_login_url(self._installation.database, self._installation.address)
        click.secho("\nSecateur is ready. Open this address once; it logs this browser in:\n", bold=True)
        click.echo(f"  {url}\n")
        click.echo(f"Another address: secateur login-url --data {self._installation.data}. Stop: Ctrl-C.")


def _is_healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=0.5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@click.command("up")
@host_option
@port_option
@data_option
@click.option("--device", envvar="SECATEUR_DEVICE", default="auto", show_default=True, help="auto, cpu or cuda:N.")
@click.option("--threads", envvar="SECATEUR_THREADS", type=click.IntRange(min=1), default=os.cpu_count() or 1)
def command(host: str, port: int, data: Path, device: str, threads: int) -> None:
    """Start Secateur on this machine: broker, API and workers, until Ctrl-C."""
    require_loopback(host)
    installation = Installation(
        data=prepare_folder(data),
        host=host,
        port=port,
        device=device,
        threads=threads,
        database_url=os.environ.get("SECATEUR_DATABASE_URL"),
        broker_url=os.environ.get("SECATEUR_BROKER_URL"),
    )
    if installation.broker_url is not None:
        redis_url(installation.broker_url)  # raises where it is none
    with FolderLock(installation.data):
        require_free_port(host, port)
        upgrade(installation.database)
        note_address(installation.data, installation.address)
        click.echo(f"Starting. All state is in {installation.data}; logs are in its folder logs.")
        Supervisor(installation.children(), installation.data / "logs", click.echo).run(Welcome(installation))
        click.echo("Stopped.")

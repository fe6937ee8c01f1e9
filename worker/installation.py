"""The processes that make one Secateur on one machine, and what they need to know of each other."""

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from backend.domain.errors import CannotStart
from worker.broker import EmbeddedBroker
from worker.child import ChildSpec
from worker.data_folder import default_database

GRACEFUL_SHUTDOWN_SECONDS = 5
"""Without this limit, open live streams keep uvicorn from ever ending."""


@dataclass(frozen=True)
class Installation:
    """Where Secateur keeps its state, where it listens, and on what it computes."""

    data: Path
    host: str
    port: int
    device: str
    threads: int | None
    database_url: str | None = None
    broker_url: str | None = None

    @property
    def address(self) -> str:
        """The address of the user interface, without a final slash."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def database(self) -> str:
        """The database's URL: the one given, else SQLite in the data folder."""
        return self.database_url or default_database(self.data)

    def environment(self, broker_url: str) -> Mapping[str, str]:
        """The environment of every child."""
        ours = {
            "SECATEUR_DATA": str(self.data),
            "SECATEUR_DATABASE_URL": self.database,
            "SECATEUR_BROKER_URL": broker_url,
            "SECATEUR_HOST": self.host,
            "SECATEUR_PORT": str(self.port),
            "SECATEUR_DEVICE": self.device,
            "PYTHONUNBUFFERED": "1",
        }
        threads = {} if self.threads is None else {"SECATEUR_THREADS": str(self.threads)}
        return {**os.environ, **ours, **threads}

    def children(self) -> Sequence[ChildSpec]:
        """The broker (unless one is given), the API, the worker that trains and the one that reads uploads."""
        broker = None if self.broker_url else EmbeddedBroker(self.data / "broker")
        environment = self.environment(self.broker_url or (broker.url if broker else ""))
        api = ChildSpec("api", api_command(self.host, self.port), environment)
        workers = [ChildSpec(f"worker-{queue}", worker_command(queue), environment) for queue in ("runs", "intake")]
        brokers = [ChildSpec("broker", broker.command(), environment, stop_first=False)] if broker else []
        return [*brokers, api, *workers]


def api_command(host: str, port: int) -> Sequence[str]:
    """The command line of the API process."""
    return [
        *(sys.executable, "-m", "uvicorn", "backend.main:create", "--factory"),
        *("--host", host, "--port", str(port)),
        *("--timeout-graceful-shutdown", str(GRACEFUL_SHUTDOWN_SECONDS)),
        "--no-access-log",
        "--no-server-header",
    ]


def worker_command(queue: str) -> Sequence[str]:
    """The command line of the worker that serves `queue`."""
    return [sys.executable, "-m", "worker", "worker", "--queue", queue]


def require_loopback(host: str) -> None:
    """Raise `CannotStart` unless `host` is this machine alone."""
    if host == "localhost":
        return
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise CannotStart(
            f"Secateur listens on this machine only, and {host} can be reached from others.",
            hint="Use --host 127.0.0.1 and reach it from elsewhere through ssh -L 8000:127.0.0.1:8000, "
            "or through a reverse proxy with TLS (docs/operations.md).",
        )


def require_free_port(host: str, port: int) -> None:
    """Raise `CannotStart` if another program listens on `host`:`port`."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CannotStart(
                f"Port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}.",
                hint=f"Stop the program that listens there, or choose another port: secateur up --port {port + 1}.",
            ) from error

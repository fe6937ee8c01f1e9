"""Each process of the Compose file, with its exact command line, against a real PostgreSQL and a real Redis.

Only what containers give is replaced: host names become loopback ports, `/data` becomes a folder of the test, and
the API listens on a free port of 127.0.0.1.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compose.conftest import PASSWORDS
from tests.postgres import fresh_database, postgres_server
from tests.running import free_port, logged_in, wait_for
from worker.broker import find_server

STOP_SECONDS = 20.0


@dataclass
class Deployment:
    """What the Compose file starts, as plain processes on loopback."""

    services: Mapping[str, Any]
    folder: Path
    database_url: str
    redis_port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.api_port}"

    def on_loopback(self, text: str) -> str:
        """Replace what only exists between containers."""
        replaced = {
            "--dir /data": f"--dir {self.folder} --bind 127.0.0.1 --port {self.redis_port}",
            "@redis:6379": f"@127.0.0.1:{self.redis_port}",
            "/data": str(self.folder / "data"),
            "--host=0.0.0.0": "--host=127.0.0.1",
            "--port=8000": f"--port={self.api_port}",
            "127.0.0.1:8000": f"127.0.0.1:{self.api_port}",
        }
        pattern = re.compile("|".join(re.escape(name) for name in sorted(replaced, key=len, reverse=True)))
        return pattern.sub(lambda match: replaced[match.group()], text).replace("$$", "$")

    def environment(self, service: str) -> dict[str, str]:
        """The environment of a service, and the programs of the test's own virtual environment."""
        given = {name: self.on_loopback(value) for name, value in self.services[service].get("environment", {}).items()}
        if "SECATEUR_DATABASE_URL" in given:
            given["SECATEUR_DATABASE_URL"] = self.database_url
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        return {"PATH": path, "PYTHONUNBUFFERED": "1", "SECATEUR_THREADS": "1", **given}

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """Start a service's own command."""
        command = [self.on_loopback(part) for part in self.services[service]["command"]]
        with (self.folder / f"{service}.log").open("ab") as log:
            self.processes[service] = subprocess.Popen(
                command, env=self.environment(service), stdout=log, stderr=log, cwd=self.folder
            )
        return self.processes[service]

    def run(self, service: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command inside the service, as `docker compose exec` would."""
        parts = [self.on_loopback(part) for part in command]
        return subprocess.run(
            parts,
            env=self.environment(service),
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
            timeout=60,
        )

    def is_healthy(self, service: str) -> bool:
        """The service's own health check passes."""
        kind, *command = self.services[service]["healthcheck"]["test"]
        return self.run(service, command if kind == "CMD" else ["sh", "-c", *command]).returncode == 0

    def log(self, service: str) -> str:
        """What the service has printed."""
        return (self.folder / f"{service}.log").read_text()


@pytest.fixture(scope="module")
def deployment(services: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("compose")
    (folder / "data").mkdir()
    (folder / "bin").mkdir()
    server = Path(find_server())
    (folder / "bin" / "redis-server").symlink_to(server)
    with ExitStack() as stack:
        server_url = stack.enter_context(postgres_server())
        url = stack.enter_context(fresh_database(server_url, f"compose_{os.getpid()}"))
        running = Deployment(services, folder, url)
        stack.callback(stop_all, running)
        running.start("redis")
        assert running.start("migrate").wait(60) == 0, running.log("migrate")
        for name in ("backend", "worker-runs", "worker-intake"):
            running.start(name)
        wait_for(lambda: running.is_healthy("backend"), 60, "the API")
        yield running


def stop_all(deployment: Deployment) -> None:
    """Stop the processes as Compose does: SIGTERM first."""
    for process in deployment.processes.values():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in deployment.processes.values():
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.postgres
@pytest.mark.parametrize("service", ["backend", "worker-runs", "worker-intake"])
def test_the_health_check_passes(deployment: Deployment, service: str) -> None:
    wait_for(lambda: deployment.is_healthy(service), 30, f"{service}: {deployment.log(service)}")


@pytest.mark.postgres
def test_the_health_check_of_a_worker_fails_without_its_broker(deployment: Deployment) -> None:
    environment = deployment.environment("worker-runs")
    environment["SECATEUR_BROKER_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    result = subprocess.run(["secateur", "status"], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "broker: not reachable" in result.stdout


@pytest.mark.postgres
def test_the_broker_refuses_who_has_no_password(deployment: Deployment) -> None:
    environment = deployment.environment("worker-runs")
    environment["SECATEUR_BROKER_URL"] = f"redis://127.0.0.1:{deployment.redis_port}/0"
    assert subprocess.run(["secateur", "status"], env=environment, capture_output=True, check=False).returncode == 1


@pytest.mark.postgres
def test_the_migration_can_run_again(deployment: Deployment) -> None:
    assert deployment.run("migrate", deployment.services["migrate"]["command"]).returncode == 0


@pytest.mark.postgres
def test_a_run_goes_through_all_processes(deployment: Deployment) -> None:
    login_url = deployment.run("backend", ["secateur", "login-url", "--address", deployment.address]).stdout.strip()
    with logged_in(deployment.address, login_url) as client:
        wait_for(lambda: _dataset(client, "digits")["state"] == "ready", 60, "the dataset")
        order = {"architecture": "lenet300", "epochs": 1}
        body = {"kind": "sample", "dataset_id": _dataset(client, "digits")["id"], "order": order}
        answer = client.post("/api/runs", json=body)
        assert answer.status_code == 201, answer.text
        run = f"/api/runs/{answer.json()['id']}"
        wait_for(lambda: client.get(run).json()["state"] not in {"queued", "running"}, 90, "the run")
        assert client.get(run).json()["state"] == "completed", client.get(run).text
        points = client.get(f"{run}/points").json()
        assert points


@pytest.mark.postgres
def test_no_password_is_in_any_log(deployment: Deployment) -> None:
    for service in deployment.processes:
        assert not [secret for secret in PASSWORDS.values() if secret in deployment.log(service)], service


@pytest.mark.postgres
def test_a_worker_that_is_asked_to_stop_ends_within_its_grace_period(deployment: Deployment) -> None:
    worker = deployment.processes["worker-runs"]
    started = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    assert time.monotonic() - started < 30


def _dataset(client: httpx.Client, name: str) -> dict[str, Any]:
    answer = client.get("/api/datasets").json()
    rows = answer["items"] if isinstance(answer, dict) else answer
    return next((row for row in rows if row["name"] == name), {"state": "missing"})

"""`secateur up` for real: broker, API and both workers."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from tests.running import Secateur, is_gone, running_secateur, wait_for
from worker.cli import secateur as command

CHILDREN = (("valkey-server",), ("uvicorn",), ("--queues", "runs"), ("--queues", "intake"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secateur]:
    with running_secateur(tmp_path_factory.mktemp("up"), "--device", "cpu", "--threads", "1") as secateur:
        secateur.login_url()
        yield secateur


def child_is_there(running: Secateur, words: tuple[str, ...]) -> bool:
    if words == ("valkey-server",):
        return running.child("valkey-server") is not None or running.child("redis-server") is not None
    return running.child(*words) is not None


def test_broker_api_and_both_workers_run(running: Secateur) -> None:
    for words in CHILDREN:
        wait_for(lambda words=words: child_is_there(running, words), what=" ".join(words))


def test_the_printed_code_logs_in_once(running: Secateur) -> None:
    with running.client() as client:
        assert client.get("/api/session").status_code == 200
    again = httpx.post(
        f"{running.address}/api/login",
        json={"code": running.login_url().rpartition("=")[2]},
        headers={"Origin": running.address},
        trust_env=False,
    )
    assert again.status_code == 401


def test_login_url_prints_another_code_for_the_same_address(running: Secateur) -> None:
    output = CliRunner().invoke(command, ["login-url", "--data", str(running.data)]).output
    assert output.startswith(f"{running.address}/login?code=")
    assert output.strip() != running.login_url()


def test_a_second_start_on_the_same_folder_is_refused(running: Secateur) -> None:
    second = CliRunner().invoke(command, ["up", "--data", str(running.data), "--port", "1"])
    assert second.exit_code == 1
    assert f"in use by another Secateur (process {running.process.pid})" in second.output


def test_all_state_is_in_a_folder_of_the_user_alone(running: Secateur) -> None:
    assert running.data.stat().st_mode & 0o077 == 0
    assert (running.data / "secateur.db").exists()
    assert {path.name for path in (running.data / "logs").iterdir()} >= {"api.log", "broker.log", "worker-runs.log"}


@pytest.mark.faults
@pytest.mark.parametrize("words", [("uvicorn",), ("--queues", "intake"), ("valkey-server",)], ids=" ".join)
def test_a_killed_child_comes_back(running: Secateur, words: tuple[str, ...]) -> None:
    wait_for(lambda: child_is_there(running, words), what=" ".join(words))
    before = running.child(*words) or running.child("redis-server")
    assert before is not None
    before.kill()
    wait_for(lambda: is_gone(before.pid) and child_is_there(running, words), what="the restart")
    wait_for(lambda: _is_healthy(running), what="the API")


def test_a_taken_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["up", "--data", str(tmp_path), "--port", str(port)])
    assert result.exit_code == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in result.output
    assert f"--port {port + 1}" in result.output


@pytest.mark.faults
def test_ctrl_c_ends_everything_within_ten_seconds(tmp_path: Path) -> None:
    with running_secateur(tmp_path, "--device", "cpu") as secateur:
        secateur.login_url()
        wait_for(lambda: all(child_is_there(secateur, words) for words in CHILDREN), what="all children")
        family = [process.pid for process in secateur.family()]
        assert secateur.stop(signal.SIGINT) < 10
        assert secateur.process.returncode == 0
        assert [pid for pid in family if not is_gone(pid)] == []


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_killing_the_supervisor_leaves_no_process(tmp_path: Path) -> None:
    with running_secateur(tmp_path, "--device", "cpu") as secateur:
        secateur.login_url()
        wait_for(lambda: all(child_is_there(secateur, words) for words in CHILDREN), what="all children")
        family = [process.pid for process in secateur.family()]
        os.kill(secateur.process.pid, signal.SIGKILL)
        secateur.process.wait()
        wait_for(lambda: all(is_gone(pid) for pid in family), 15, "the children to end")


def _is_healthy(running: Secateur) -> bool:
    try:
        return httpx.get(f"{running.address}/healthz", trust_env=False).is_success
    except httpx.HTTPError:
        return False

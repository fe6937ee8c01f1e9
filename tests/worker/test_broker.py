"""The embedded broker: private, durable, and one per folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from backend.domain.errors import CannotStart
from worker import broker
from worker.broker import EmbeddedBroker, find_server, socket_path


@pytest.fixture
def running(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker") as server:
        yield server


def connect(server: EmbeddedBroker) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(server.socket))


def test_only_the_owner_can_reach_the_socket(running: EmbeddedBroker) -> None:
    assert running.socket.stat().st_mode & 0o777 == 0o700


def test_what_was_written_survives_a_restart(running: EmbeddedBroker) -> None:
    with connect(running) as client:
        client.set("key", "value")
    running.stop()
    running.start()
    with connect(running) as client:
        assert client.get("key") == b"value"


def test_a_second_server_on_the_same_folder_is_refused(running: EmbeddedBroker) -> None:
    with pytest.raises(CannotStart, match="in use"):
        EmbeddedBroker(running.folder).start()


def test_no_port_is_open(running: EmbeddedBroker) -> None:
    with connect(running) as client:
        assert client.config_get("port") == {"port": "0"}


def test_a_long_data_path_gets_a_short_socket_in_a_private_folder(tmp_path: Path) -> None:
    path = socket_path(tmp_path / ("long" * 30))
    assert len(str(path)) < 108
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.rmdir()


def test_a_server_on_the_path_is_preferred_to_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == str(server)


def test_a_machine_without_any_server_is_told_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(broker, "_bundled_server", lambda: None)
    with pytest.raises(CannotStart, match="no message broker") as refusal:
        find_server()
    assert "SECATEUR_BROKER_URL" in (refusal.value.hint or "")

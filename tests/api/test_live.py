"""The composition root, behind a real server, with a real broker."""

import hashlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backend.api.cookie import COOKIE_NAME
from backend.api.routers.uploads import BUFFER_BYTES
from backend.db import UnitOfWork, create_engine, create_sessions
from backend.db.migrate import upgrade
from backend.db.models import JobRow
from backend.domain.jobs import JobKind
from backend.main import create
from backend.queue import EventPublisher, LiveEvent
from backend.services import accounts
from backend.settings import Settings
from tests.api.server import serving
from tests.running import free_port, wait_for
from worker.broker import EmbeddedBroker

TIMEOUT = httpx.Timeout(20.0)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """An installation with a broker and a migrated database."""
    monkeypatch.setenv("SECATEUR_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    with EmbeddedBroker(tmp_path / "data" / "broker") as broker:
        monkeypatch.setenv("SECATEUR_BROKER_URL", broker.url)
        settings = Settings()
        upgrade(settings.database_url)
        yield settings


@pytest.fixture
def token(settings: Settings) -> str:
    """A session's token."""
    engine = create_engine(settings.database_url)
    with UnitOfWork(create_sessions(engine)) as work:
        token = accounts.log_in(work, accounts.make_login_code(work))
    engine.dispose()
    return token


def add_run(settings: Settings) -> str:
    engine = create_engine(settings.database_url)
    with UnitOfWork(create_sessions(engine)) as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="run")).id
    engine.dispose()
    return job


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").is_success
    except httpx.TransportError:
        return False


def read_event(lines: Iterator[str]) -> tuple[str, int]:
    """Id and step of the next event of a stream."""
    event: dict[str, str] = {}
    for line in lines:
        if not line and "id" in event:
            return event["id"], json.loads(event["data"])["data"]["step"]
        name, _, value = line.partition(": ")
        event[name] = value
    raise AssertionError("the stream ended")


def step(run: str, number: int) -> LiveEvent:
    return LiveEvent(type="step", kind="run", id=run, data={"step": number})


def test_a_browser_that_comes_back_gets_what_it_missed(settings: Settings, token: str) -> None:
    run, publisher = add_run(settings), EventPublisher(settings.broker_url)
    with serving(create()) as address, httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        client.cookies.set(COOKIE_NAME, token)
        path = f"/api/runs/{run}/events"
        publisher.publish(step(run, 1))
        with client.stream("GET", path, headers={"Last-Event-ID": "0-0"}) as stream:
            lines = stream.iter_lines()
            assert read_event(lines)[1] == 1
            publisher.publish(step(run, 2))
            last_seen, number = read_event(lines)
            assert number == 2
        publisher.publish(step(run, 3))
        publisher.publish(step(run, 4))
        with client.stream("GET", path, headers={"Last-Event-ID": last_seen}) as stream:
            lines = stream.iter_lines()
            assert [read_event(lines)[1], read_event(lines)[1]] == [3, 4]
    publisher.close()


def test_the_server_stops_although_someone_listens(settings: Settings, token: str) -> None:
    with httpx.Client(timeout=TIMEOUT) as client:
        client.cookies.set(COOKIE_NAME, token)
        with serving(create()) as address:
            stream = client.send(client.build_request("GET", f"{address}/api/runs/events"), stream=True)
            assert stream.status_code == 200
        stream.close()


def test_a_signal_ends_the_streams_at_once_and_without_a_trace(settings: Settings, token: str, tmp_path: Path) -> None:
    patience, port = 30, free_port()
    command = [sys.executable, "-m", "uvicorn", "backend.main:create", "--factory", "--port", str(port)]
    with (tmp_path / "log").open("w") as log, httpx.Client(timeout=TIMEOUT, cookies={COOKIE_NAME: token}) as client:
        server = subprocess.Popen([*command, "--timeout-graceful-shutdown", str(patience)], stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: is_up(address))
            with client.stream("GET", f"{address}/api/runs/events") as stream:
                server.terminate()
                for _ in stream.iter_lines():
                    pass  # what the start announces may come before the end
            server.wait(patience / 2)
        finally:
            server.kill()
            server.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_start_makes_the_built_in_datasets(settings: Settings, token: str) -> None:
    assert settings.data.is_dir()
    with serving(create()) as address, httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        client.cookies.set(COOKIE_NAME, token)
        assert client.get("/healthz").json() == {"status": "ok"}
        names: list[str] = []
        while not names:
            names = [row["name"] for row in client.get("/api/datasets").json()]
        assert names == ["digits", "fashion-mnist", "mnist"]


def test_without_a_broker_requests_are_answered_all_the_same(
    tmp_path: Path, settings: Settings, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECATEUR_BROKER_URL", f"redis+socket://{tmp_path}/absent.sock?virtual_host=0")
    run = add_run(settings)
    with serving(create()) as address, httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        client.cookies.set(COOKIE_NAME, token)
        assert client.post(f"/api/runs/{run}/cancel").json()["state"] == "cancelled"


def test_many_listeners_hold_no_database_connection(settings: Settings, token: str) -> None:
    run = add_run(settings)
    with serving(create()) as address, httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        client.cookies.set(COOKIE_NAME, token)
        request = client.build_request("GET", f"/api/runs/{run}/events")
        streams = [client.send(request, stream=True) for _ in range(40)]
        assert {stream.status_code for stream in streams} == {200}
        assert client.get("/api/runs").json()["total"] == 1
        for stream in streams:
            stream.close()


def test_what_came_before_a_connection_broke_is_kept(settings: Settings, token: str) -> None:
    data = bytes(range(251)) * 16_000
    with serving(create()) as address, httpx.Client(base_url=address, timeout=TIMEOUT) as client:
        client.cookies.set(COOKIE_NAME, token)
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": "filename bmV0LnB0,kind bW9kZWw="}
        location = client.post("/api/uploads/", headers=headers).headers["location"]

        def offset() -> int:
            return int(client.head(location).headers["upload-offset"])

        with begin(address, location, token, data[: 3 * BUFFER_BYTES], len(data)):
            wait_for(lambda: offset() >= 2 * BUFFER_BYTES, what="the bytes that had come")

        def go_on() -> bool:
            start = offset()
            headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
            return client.patch(location, headers=headers, content=data[start:]).status_code == 204

        wait_for(go_on, what="the lock of the broken request to be released")
        model = client.post("/api/models", json={"upload_id": location.rpartition("/")[2]}).json()
    assert model["content_hash"] == hashlib.sha256(data).hexdigest()


def begin(address: str, location: str, token: str, data: bytes, length: int) -> socket.socket:
    """Begin to send an upload of `length` bytes; closing the connection breaks it off."""
    host, _, port = address.removeprefix("http://").partition(":")
    head = (
        f"PATCH {location} HTTP/1.1\r\nHost: {host}\r\nCookie: {COOKIE_NAME}={token}\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n"
    )
    connection = socket.create_connection((host, int(port)))
    connection.sendall(head.encode() + data)
    return connection

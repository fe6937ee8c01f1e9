"""`secateur push`: chunks, resumption, and what it prints."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.domain.errors import FailureCode, InvalidValue, JobFailure
from backend.domain.network import ArchitectureMatch, LockInfo
from backend.services import api_tokens
from tests.api.application import SUMMARY, Application, make_application
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures
from worker import pushing
from worker.cli import secateur
from worker.commands import push as push_command
from worker.pushing import TRIES, Push, UploadNotes
from worker.server import Server, ServerRefusal

URL = "http://127.0.0.1:8000"
CHUNK = 1000
CONTENT = bytes(range(256)) * 40


class Wire(httpx.BaseTransport):
    """Carries requests to the application under test; a test may cut it, and see what went over it."""

    def __init__(self, application: Application) -> None:
        self._client = application.stranger()
        self.sent: list[tuple[str, str, int]] = []
        self.disturb: Callable[[httpx.Request], None] = lambda request: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        self.sent.append((request.method, request.url.path, len(body)))
        self.disturb(request)
        answer = self._client.request(
            request.method, request.url.raw_path.decode(), headers=dict(request.headers), content=body
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    def patches(self) -> list[int]:
        """Bytes of every chunk."""
        return [size for method, _, size in self.sent if method == "PATCH"]


@pytest.fixture
def application(sqlite_url: str, tmp_path: Path) -> Iterator[Application]:  # noqa: F811
    engine = create_engine(sqlite_url)
    yield make_application(create_sessions(engine), tmp_path)
    engine.dispose()


@pytest.fixture
def wire(application: Application) -> Wire:
    return Wire(application)


@pytest.fixture
def token(application: Application) -> str:
    with UnitOfWork(application.sessions) as work:
        return api_tokens.create_token(work, "test").secret


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pushing, "CHUNK_BYTES", CHUNK)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(push_command, "_POLL_S", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    path.write_bytes(CONTENT)
    return path


def send(wire: Wire, token: str, file: Path, tmp_path: Path) -> tuple[str, list[int]]:
    offsets: list[int] = []
    with Server(URL, token, wire) as server:
        push = Push(server, file, UploadNotes(tmp_path / "notes.json"), wait=lambda _: None)
        return push.send(offsets.append), offsets


def arrived(application: Application, upload_id: str) -> bytes:
    with application.outside.uploads.finished(upload_id, "model") as (_, path):
        return path.read_bytes()


def cut_after(count: int) -> Callable[[httpx.Request], None]:
    """Lose the connection on every chunk after so many."""
    seen: list[int] = []

    def disturb(request: httpx.Request) -> None:
        if request.method == "PATCH":
            seen.append(1)
            if len(seen) > count:
                raise httpx.ConnectError("the line is cut")

    return disturb


def test_a_file_arrives_in_chunks_and_progress_is_told(
    application: Application, wire: Wire, token: str, file: Path, tmp_path: Path
) -> None:
    upload_id, offsets = send(wire, token, file, tmp_path)
    assert arrived(application, upload_id) == CONTENT
    assert offsets == [*range(0, len(CONTENT), CHUNK), len(CONTENT)]
    assert max(wire.patches()) == CHUNK
    assert json.loads((tmp_path / "notes.json").read_text()) == {}


def test_an_interrupted_push_goes_on_where_it_stopped(
    application: Application, wire: Wire, token: str, file: Path, tmp_path: Path
) -> None:
    wire.disturb = cut_after(4)
    with pytest.raises(ServerRefusal, match="interrupted: the line is cut") as refusal:
        send(wire, token, file, tmp_path)
    assert "same command again" in (refusal.value.hint or "")
    assert len(wire.patches()) == 4 + TRIES
    wire.sent.clear()
    wire.disturb = lambda request: None
    upload_id, offsets = send(wire, token, file, tmp_path)
    assert offsets[0] == 4 * CHUNK
    assert sum(wire.patches()) == len(CONTENT) - 4 * CHUNK
    assert arrived(application, upload_id) == CONTENT


def test_a_short_loss_of_the_line_is_bridged(
    application: Application, wire: Wire, token: str, file: Path, tmp_path: Path
) -> None:
    failures = iter([False, True, True, False, True] + [False] * 20)

    def disturb(request: httpx.Request) -> None:
        if request.method == "PATCH" and next(failures):
            raise httpx.ReadTimeout("no answer")

    wire.disturb = disturb
    upload_id, _ = send(wire, token, file, tmp_path)
    assert arrived(application, upload_id) == CONTENT


def test_a_chunk_whose_answer_is_lost_is_not_sent_twice(
    application: Application, wire: Wire, token: str, file: Path, tmp_path: Path
) -> None:
    lost: list[int] = []
    carry = wire.handle_request

    def carry_and_lose(request: httpx.Request) -> httpx.Response:
        answer = carry(request)
        if request.method == "PATCH" and not lost:
            lost.append(1)
            raise httpx.RemoteProtocolError("the answer was lost")
        return answer

    wire.handle_request = carry_and_lose  # type: ignore[method-assign]
    upload_id, _ = send(wire, token, file, tmp_path)
    assert arrived(application, upload_id) == CONTENT
    assert sum(wire.patches()) == len(CONTENT)


def test_a_changed_file_and_a_forgotten_upload_start_anew(
    application: Application, wire: Wire, token: str, file: Path, tmp_path: Path
) -> None:
    wire.disturb = cut_after(2)
    with pytest.raises(ServerRefusal):
        send(wire, token, file, tmp_path)
    wire.disturb = lambda request: None
    (location,) = json.loads((tmp_path / "notes.json").read_text()).values()
    application.outside.uploads.delete(location.rpartition("/")[2])
    _, offsets = send(wire, token, file, tmp_path)
    assert offsets[0] == 0
    file.write_bytes(CONTENT[::-1])
    assert arrived(application, send(wire, token, file, tmp_path)[0]) == CONTENT[::-1]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [("127.0.0.1:8000", "no address"), ("ftp://127.0.0.1", "no address"), ("http://", "no address")],
)
def test_what_is_no_address_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        Server(url, "sec_x")


def test_a_server_that_does_not_answer_is_named(wire: Wire, token: str, file: Path, tmp_path: Path) -> None:
    def disturb(request: httpx.Request) -> None:
        raise httpx.ConnectError("Connection refused")

    wire.disturb = disturb
    with pytest.raises(ServerRefusal, match=r"http://127\.0\.0\.1:8000 cannot be reached: Connection refused"):
        send(wire, token, file, tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, wire: Wire, token: str, file: Path, *options: str) -> tuple[int, str, str]:
    monkeypatch.setattr(push_command, "Server", lambda url, secret: Server(url, secret, wire))
    result = CliRunner(env={"SECATEUR_TOKEN": token}).invoke(secateur, ["push", str(file), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def inspected(application: Application, outcome: Callable[[Any], None]) -> Callable[[httpx.Request], None]:
    """Settle the model's state before it is asked for, as a worker would."""

    def disturb(request: httpx.Request) -> None:
        if request.method == "GET" and "/api/models/" in request.url.path:
            with UnitOfWork(application.sessions) as work:
                outcome((work, work.models.get(request.url.path.rpartition("/")[2])))

    return disturb


def make_ready(found: Any) -> None:
    lock = LockInfo(layer="output", reason="they are the network's answer", place="net.py:12 in output")
    found[1].state, found[1].summary = "ready", SUMMARY.model_copy(update={"locks": (lock,)})


def test_the_report_is_printed(
    monkeypatch: pytest.MonkeyPatch, application: Application, wire: Wire, token: str, file: Path
) -> None:
    wire.disturb = inspected(application, make_ready)
    code, printed, _ = run(monkeypatch, wire, token, file, "--name", "My net")
    assert code == 0
    assert "mlp: 1,510 parameters, 1,480 MACs, input 1 x 8 x 8, 10 classes" in printed
    assert "18 of 20 prunable channels can go" in printed
    hidden, output = (
        next(line for line in printed.splitlines() if line.startswith(name)) for name in ("hidden", "out")
    )
    assert hidden.split()[1:5] == ["prunable", "20", "18", "77.8%"]
    assert output.endswith("they are the network's answer (net.py:12 in output)")
    (model,) = application.client().get("/api/models").json()
    assert printed.rstrip().endswith(f"{URL}/models/{model['id']}")
    assert model["name"] == "My net"


def test_json_prints_the_whole_answer(
    monkeypatch: pytest.MonkeyPatch, application: Application, wire: Wire, token: str, file: Path
) -> None:
    wire.disturb = inspected(application, make_ready)
    _, printed, _ = run(monkeypatch, wire, token, file, "--json")
    assert json.loads(printed)["report"]["removable_channels"] == 18


@pytest.mark.parametrize("state", ["rejected", "failed"])
def test_a_refused_file_ends_with_the_sentence_and_not_with_zero(
    monkeypatch: pytest.MonkeyPatch, application: Application, wire: Wire, token: str, file: Path, state: Any
) -> None:
    failure = JobFailure(FailureCode.UNSAFE_FILE, "`net` is a bare pickle.", "Save only the weights.")
    wire.disturb = inspected(application, lambda found: found[0].models.fail(found[1].id, failure, state=state))
    code, printed, complaint = run(monkeypatch, wire, token, file)
    assert (code, printed) == (1, "")
    assert complaint.strip().endswith("Error: `net` is a bare pickle. Save only the weights.")


def test_where_several_architectures_fit_one_must_be_named(
    monkeypatch: pytest.MonkeyPatch, application: Application, wire: Wire, token: str, file: Path
) -> None:
    matches = tuple(
        ArchitectureMatch(architecture=name, title=name, input_shape=shape, class_count=10)
        for name, shape in (("mlp", (64,)), ("mlp", (1, 8, 8)), ("lenet300", (1, 8, 8)))
    )

    def outcome(found: Any) -> None:
        if found[1].choice is None:
            found[1].state, found[1].matches = "choosing", matches
        else:
            make_ready(found)

    wire.disturb = inspected(application, outcome)
    code, _, complaint = run(monkeypatch, wire, token, file)
    assert code == 1
    assert "mlp:64, mlp:1x8x8, lenet300:1x8x8" in complaint
    assert run(monkeypatch, wire, token, file, "--architecture", "mlp")[0] == 1
    assert run(monkeypatch, wire, token, file, "--architecture", "mlp:1x8x8")[0] == 0
    assert run(monkeypatch, wire, token, file, "--architecture", "lenet300")[0] == 0


def test_a_wrong_token_and_a_wrong_ending_are_the_servers_own_sentences(
    monkeypatch: pytest.MonkeyPatch, wire: Wire, token: str, file: Path, tmp_path: Path
) -> None:
    code, _, complaint = run(monkeypatch, wire, "sec_wrong", file)
    assert (code, "This API token is wrong" in complaint) == (1, True)
    (tmp_path / "net.txt").write_bytes(b"text")
    code, _, complaint = run(monkeypatch, wire, token, tmp_path / "net.txt")
    assert (code, "does not end in" in complaint) == (1, True)


def test_a_token_that_would_travel_in_the_open_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, application: Application, wire: Wire, token: str, file: Path
) -> None:
    wire.disturb = inspected(application, make_ready)
    code, _, complaint = run(monkeypatch, wire, token, file, "--url", "http://secateur.test")
    assert (code, "others may read it" in complaint) == (0, True)

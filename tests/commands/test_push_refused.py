"""`secateur push` where the address, the server or the file's name is none that it can use."""

import base64
import os
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from worker.cli import secateur
from worker.pushing import Push, UploadNotes
from worker.server import Server, ServerRefusal

URL = "http://127.0.0.1:8000"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / os.fsdecode(b"net-\xff.safetensors")
    path.write_bytes(b"x" * 8)
    return path


def send(file: Path, answers: httpx.MockTransport) -> str:
    with Server(URL, "token", answers) as server:
        return Push(server, file, UploadNotes(file.parent / "notes.json"), wait=lambda _: None).send(lambda _: None)


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://127.0.0.1:abc", "http://host:99999", "http://999.0.0.1", "host:80"]
)
def test_what_is_no_address_is_told(url: str, file: Path) -> None:
    result = CliRunner().invoke(secateur, ["push", str(file), "--url", url, "--token", "token"])
    assert result.exit_code == 1
    assert result.output == f"Error: `{url}` is no address of a server. Give one like http://127.0.0.1:8000.\n"


@pytest.mark.parametrize("location", [None, "https://elsewhere.example/api/uploads/1"])
def test_a_server_that_is_no_secateur_is_told_and_nothing_is_sent_on(location: str | None, file: Path) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, text="<html>", headers={} if location is None else {"Location": location})

    with pytest.raises(ServerRefusal, match=f"{URL} answers, but not as Secateur does"):
        send(file, httpx.MockTransport(answer))
    assert asked == [f"{URL}/api/uploads/"]


@pytest.mark.parametrize("offset", [None, "all"])
def test_an_upload_of_which_nothing_is_known_is_told(offset: str | None, file: Path) -> None:
    headers = {"Location": "/api/uploads/1"} | ({} if offset is None else {"Upload-Offset": offset})
    with pytest.raises(ServerRefusal, match="not as Secateur does"):
        send(file, httpx.MockTransport(lambda _: httpx.Response(200, headers=headers)))


def test_an_answer_that_is_no_json_is_told() -> None:
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    with Server(URL, "token", page) as server, pytest.raises(ServerRefusal, match="not as Secateur does"):
        server.get("/api/models/1")


def test_a_name_that_is_not_utf8_goes_with_a_mark_in_its_place(file: Path) -> None:
    names: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            name = request.headers["Upload-Metadata"].split(",")[0].split(" ")[1]
            names.append(base64.b64decode(name).decode())
        return httpx.Response(204, headers={"Location": "/api/uploads/1", "Upload-Offset": "8"})

    assert send(file, httpx.MockTransport(answer)) == "1"
    assert names == ["net-\N{REPLACEMENT CHARACTER}.safetensors"]

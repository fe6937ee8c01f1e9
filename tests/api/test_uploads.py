"""Resumable uploads by the tus protocol."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.concurrency import run_in_threadpool

from backend.api.routers import uploads
from backend.api.routers.uploads import BUFFER_BYTES
from backend.domain.errors import DiskFull
from backend.domain.jobs import JobKind
from tests.api.application import ABSENT_ID, BASE_URL, UPLOAD_LIMIT, Application

PATCH = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def create(client: TestClient, length: int, name: str = "net.safetensors", kind: str = "model") -> Response:
    headers = {"Upload-Length": str(length), "Upload-Metadata": metadata(filename=name, kind=kind, filetype="x/y")}
    return client.post("/api/uploads/", headers=headers)


def send(client: TestClient, location: str, offset: int, data: bytes | Iterator[bytes]) -> Response:
    return client.patch(location, headers={**PATCH, "Upload-Offset": str(offset)}, content=data)


def upload(client: TestClient, data: bytes, name: str = "net.safetensors", kind: str = "model") -> str:
    location = create(client, len(data), name, kind).headers["location"]
    assert send(client, location, 0, data).status_code == 204
    return location.rpartition("/")[2]


def stored(application: Application, upload_id: str) -> bytes:
    path = application.outside.uploads._folder / f"{upload_id}.part"
    return path.read_bytes()


def test_the_server_says_what_it_can_do(client: TestClient) -> None:
    answer = client.options("/api/uploads/")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(UPLOAD_LIMIT)


def test_an_upload_in_pieces_arrives_whole(application: Application, client: TestClient) -> None:
    data = bytes(range(256)) * 8192
    location = create(client, len(data)).headers["location"]
    for offset in range(0, len(data), 700_000):
        answer = send(client, location, offset, data[offset : offset + 700_000])
        assert answer.status_code == 204
    assert answer.headers["upload-offset"] == str(len(data))
    assert stored(application, location.rpartition("/")[2]) == data


def test_a_broken_upload_goes_on_where_it_stopped(application: Application, client: TestClient) -> None:
    data = b"0123456789" * 100
    location = create(client, len(data)).headers["location"]

    def breaking() -> Iterator[bytes]:
        yield data[:300]
        yield data[300:450]

    send(client, location, 0, breaking())
    head = client.head(location)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("450", "1000")
    assert head.headers["cache-control"] == "no-store"
    assert send(client, location, 450, data[450:]).headers["upload-offset"] == "1000"
    assert stored(application, location.rpartition("/")[2]) == data


def test_a_connection_over_which_nothing_comes_any_more_keeps_what_has_come_and_frees_the_upload(
    application: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PATIENCE_S", 0.2)
    location = create(client, 10).headers["location"]
    refusals = []

    async def stalling() -> AsyncIterator[bytes]:
        yield b"123"
        refusals.append(await run_in_threadpool(send, client, location, 0, b"other"))
        await asyncio.Event().wait()

    async def stall() -> Response:
        transport = ASGITransport(application.app, client=("127.0.0.1", 1))
        async with AsyncClient(transport=transport, base_url=BASE_URL, cookies=dict(client.cookies)) as stalled:
            headers = {**PATCH, "Upload-Offset": "0"}
            return await stalled.patch(location, headers=headers, content=stalling())

    assert asyncio.run(asyncio.wait_for(stall(), 20)).headers["upload-offset"] == "3"
    assert (refusals[0].status_code, refusals[0].json()["error"]) == (409, "conflict")
    assert "half a minute" in refusals[0].json()["hint"]
    assert send(client, location, 3, b"4567890").status_code == 204
    assert stored(application, location.rpartition("/")[2]) == b"1234567890"


def test_the_offset_is_what_is_on_the_disk(application: Application, client: TestClient) -> None:
    """A server that is killed after it wrote, but before it answered, neither loses nor doubles bytes."""
    location = create(client, 10).headers["location"]
    (application.outside.uploads._folder / f"{location.rpartition('/')[2]}.part").write_bytes(b"1234")
    assert client.head(location).headers["upload-offset"] == "4"
    assert send(client, location, 0, b"1234567890").status_code == 409
    assert send(client, location, 4, b"567890").status_code == 204
    assert stored(application, location.rpartition("/")[2]) == b"1234567890"


def test_more_bytes_than_announced_are_refused(application: Application, client: TestClient) -> None:
    location = create(client, 10).headers["location"]
    assert send(client, location, 0, b"x" * 11).status_code == 413
    assert send(client, location, 0, iter([b"x" * 6, b"x" * 6])).status_code == 413
    assert int(client.head(location).headers["upload-offset"]) <= 10


def test_a_file_over_the_limit_is_refused_before_a_byte_is_sent(client: TestClient) -> None:
    answer = create(client, UPLOAD_LIMIT + 1)
    assert answer.status_code == 413
    assert answer.json()["error"] == "too_large"
    assert "net.safetensors" in answer.json()["detail"]


def test_an_upload_that_does_not_fit_on_the_disk_is_refused(
    application: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.outside.uploads, "_reserve_bytes", 1 << 62)
    answer = create(client, 10)
    assert (answer.status_code, answer.json()["error"]) == (413, "disk_full")


def test_a_disk_that_fills_up_during_an_upload_stops_it_where_it_can_go_on(
    application: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = create(client, 2_500_000).headers["location"]
    pieces = iter([None, DiskFull("The disk is full.")])

    def check(_coming: int) -> None:
        if (refusal := next(pieces)) is not None:
            raise refusal

    monkeypatch.setattr(application.outside.uploads, "_check_space", check)
    answer = send(client, location, 0, b"x" * 2_500_000)
    monkeypatch.undo()
    assert (answer.status_code, answer.json()["error"]) == (413, "disk_full")
    offset = int(client.head(location).headers["upload-offset"])
    assert offset == BUFFER_BYTES
    assert send(client, location, offset, b"x" * (2_500_000 - offset)).status_code == 204


def test_two_requests_cannot_write_the_same_upload(application: Application, client: TestClient) -> None:
    location = create(client, 10).headers["location"]
    with application.outside.uploads.appending(location.rpartition("/")[2], 0):
        assert send(client, location, 0, b"12345").status_code == 409


def test_an_upload_that_is_given_up_is_gone(application: Application, client: TestClient) -> None:
    location = create(client, 10).headers["location"]
    send(client, location, 0, b"12345")
    assert client.delete(location).status_code == 204
    assert client.head(location).status_code == 404
    assert list(application.outside.uploads._folder.iterdir()) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "-1", "Upload-Metadata": metadata(filename="a.pt", kind="model")},
        {"Upload-Length": "9" * 30, "Upload-Metadata": metadata(filename="a.pt", kind="model")},
        {"Upload-Length": "ten", "Upload-Metadata": metadata(filename="a.pt", kind="model")},
        {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a.pt", kind="recipe")},
        {"Upload-Length": "10", "Upload-Metadata": metadata(kind="model")},
        {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a\nb.pt", kind="model")},
        {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a" * 201, kind="model")},
        {"Upload-Length": "10", "Upload-Metadata": "filename ???,kind bW9kZWw="},
        {"Upload-Length": "10", "Upload-Metadata": "filename /w==,kind bW9kZWw="},
        {"Upload-Length": "10", "Upload-Metadata": "a" * 5000},
    ],
)
def test_a_bad_announcement_is_refused_with_a_sentence(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/uploads/", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_wrong_content_type_or_offset_is_refused(client: TestClient) -> None:
    location = create(client, 10).headers["location"]
    assert client.patch(location, headers={"Upload-Offset": "0"}, content=b"1").status_code == 422
    assert send(client, location, 3, b"1").status_code == 409
    assert client.patch(location, headers=PATCH, content=b"1").status_code == 422


def test_an_unknown_upload_is_404(client: TestClient) -> None:
    location = f"/api/uploads/{ABSENT_ID}"
    assert client.head(location).status_code == 404
    assert send(client, location, 0, b"1").status_code == 404
    assert client.delete(location).status_code == 404


def test_the_files_name_is_never_a_path(application: Application, client: TestClient) -> None:
    upload(client, b"12345", name="../../../etc/cron.d/evil.pt")
    names = sorted(path.suffix for path in application.outside.uploads._folder.iterdir())
    assert names == [".json", ".part"]


def test_a_finished_upload_becomes_a_model_that_is_inspected(application: Application, client: TestClient) -> None:
    data = b"weights" * 1000
    answer = client.post("/api/models", json={"upload_id": upload(client, data), "name": "  My net "})
    assert answer.status_code == 201
    model = answer.json()
    assert (model["state"], model["name"], model["file_size"]) == ("inspecting", "My net", len(data))
    assert application.outside.store.read(model["content_hash"]) == data
    assert [kind for _, kind in application.rung] == [JobKind.MODEL_INTAKE]
    assert list(application.outside.uploads._folder.iterdir()) == []


def test_a_finished_upload_becomes_a_dataset_that_is_inspected(application: Application, client: TestClient) -> None:
    answer = client.post("/api/datasets", json={"upload_id": upload(client, b"PK", "mine.npz", "dataset")})
    assert (answer.status_code, answer.json()["state"], answer.json()["name"]) == (201, "preparing", "mine.npz")
    assert [kind for _, kind in application.rung] == [JobKind.DATASET_INTAKE]


def test_a_second_file_of_the_same_name_gets_a_number_a_chosen_name_must_be_free(client: TestClient) -> None:
    def register(**body: str) -> Response:
        return client.post("/api/datasets", json={"upload_id": upload(client, b"PK", "mine.npz", "dataset"), **body})

    assert [register().json()["name"] for _ in range(3)] == ["mine.npz", "mine.npz (2)", "mine.npz (3)"]
    answer = register(name="mine.npz")
    assert (answer.status_code, answer.json()["field"]) == (409, "name")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("net.pkl", "model"), ("net.tflite", "model"), ("net.pt", "dataset"), ("data.zip", "dataset")],
)
def test_the_wrong_kind_of_file_is_refused_by_name(client: TestClient, name: str, kind: str) -> None:
    location = create(client, 1, name, kind).headers["location"]
    send(client, location, 0, b"1")
    noun = "models" if name.startswith("net") else "datasets"
    answer = client.post(f"/api/{noun}", json={"upload_id": location.rpartition("/")[2]})
    assert answer.status_code == 422
    assert answer.json()["field"] == "upload_id"


def test_an_unfinished_upload_becomes_nothing(application: Application, client: TestClient) -> None:
    location = create(client, 10).headers["location"]
    send(client, location, 0, b"12345")
    answer = client.post("/api/models", json={"upload_id": location.rpartition("/")[2]})
    assert answer.status_code == 409
    assert "5 bytes are missing" in answer.json()["detail"]
    assert application.rung == []


def test_an_empty_file_is_refused_and_leaves_nothing_behind(application: Application, client: TestClient) -> None:
    answer = create(client, 0)
    assert answer.status_code == 422
    assert "net.safetensors` is empty" in answer.json()["detail"]
    folder = application.outside.uploads._folder
    assert not folder.exists() or list(folder.iterdir()) == []

"""Whatever is posted, the server never fails: at worst it refuses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.db import create_engine, create_sessions
from tests.api.application import ABSENT_ID, RECIPE, Application, make_application
from tests.api.routes import fill, walk

SETTINGS = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from([ABSENT_ID, "prune", "sample", "fisher", "macs", "\x00", "\ud800", 2**63, 10**400, 1e308])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@pytest.fixture
def ready(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Application, TestClient]]:
    engine = create_engine(sqlite_url)
    application = make_application(create_sessions(engine), tmp_path)
    with application.client() as client:
        yield application, client
    engine.dispose()


def paths_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(found for key in value for found in paths_of(value[key], (*path, key)))]


def replaced(value: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    return {**value, path[0]: replaced(value[path[0]], path[1:], new)}


def post(client: TestClient, path: str, body: Any) -> int:
    content = json.dumps(body)
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, (path, content, answer.text)
    if answer.status_code >= 400:
        assert answer.json()["detail"].strip()
    return answer.status_code


@SETTINGS
@given(body=JSON)
def test_any_json_at_any_post(ready: tuple[Application, TestClient], body: Any) -> None:
    application, client = ready
    for method, template in walk(application.app):
        if method == "POST" and "uploads" not in template:
            post(client, fill(template), body)


@SETTINGS
@given(data=st.data())
def test_a_good_order_with_one_value_replaced(ready: tuple[Application, TestClient], data: st.DataObject) -> None:
    application, client = ready
    model = application.add_model()
    dataset = application.add_dataset(name=f"data-{model}")
    body = {"kind": "prune", "model_id": model, "dataset_id": dataset, "recipe": RECIPE, "name": "x"}
    path = data.draw(st.sampled_from(paths_of(body)))
    post(client, "/api/runs", replaced(body, path, data.draw(JSON)))
    check = {"recipe": RECIPE, "model_id": model, "dataset_id": dataset}
    place = data.draw(st.sampled_from(paths_of(check)))
    post(client, "/api/recipes/check", replaced(check, place, data.draw(JSON)))


@SETTINGS
@given(content=st.binary(max_size=200))
def test_any_bytes_as_a_body(ready: tuple[Application, TestClient], content: bytes) -> None:
    _, client = ready
    for path in ("/api/runs", "/api/recipes/check"):
        answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}


@SETTINGS
@given(
    values=st.dictionaries(
        st.sampled_from(["Upload-Length", "Upload-Metadata", "Upload-Offset"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    )
)
def test_any_upload_headers(ready: tuple[Application, TestClient], values: dict[str, str]) -> None:
    _, client = ready
    headers = {name: value.encode("latin-1") for name, value in values.items()}
    assert client.post("/api/uploads/", headers=headers).status_code < 500
    assert client.patch(f"/api/uploads/{ABSENT_ID}", headers=headers).status_code < 500

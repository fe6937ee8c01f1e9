"""One shape for every error, and a sentence instead of a trace."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from backend.db.repositories.models import Models
from backend.domain.errors import Refusal
from tests.api.application import ABSENT_ID, RECIPE, Application


def refuse(client: TestClient, path: str, body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    return answer.json()


def prune_body(**changes: Any) -> dict[str, Any]:
    return {"kind": "prune", "model_id": ABSENT_ID, "dataset_id": ABSENT_ID, "recipe": {**RECIPE, **changes}}


def test_an_unknown_address_is_404_in_the_one_shape(client: TestClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert answer.json()["detail"].endswith(".")


def test_a_wrong_method_is_405_in_the_one_shape(client: TestClient) -> None:
    answer = client.put("/api/models")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")


def test_an_unknown_key_is_named_by_its_path(client: TestClient) -> None:
    answer = refuse(client, "/api/runs", prune_body(prune={**RECIPE["prune"], "speed": 11}))
    assert answer["error"] == "invalid_value"
    assert answer["field"] == "recipe.prune.speed"
    assert "no such setting" in answer["detail"]


def test_a_path_leads_through_a_union_without_its_tags(client: TestClient) -> None:
    cost = {"kind": "fixed", "beta": -1}
    answer = refuse(client, "/api/runs", prune_body(prune={**RECIPE["prune"], "cost": cost}))
    assert answer["field"] == "recipe.prune.cost.beta"


def test_an_unknown_kind_is_named(client: TestClient) -> None:
    answer = refuse(client, "/api/runs", prune_body(prune={**RECIPE["prune"], "criterion": {"kind": "magic"}}))
    assert answer["field"] == "recipe.prune.criterion"
    assert "magic" in answer["detail"]


def test_a_contradiction_is_named_by_the_field_that_has_to_change(client: TestClient) -> None:
    prune = {**RECIPE["prune"], "criterion": {"kind": "random"}}
    answer = refuse(client, "/api/runs", prune_body(prune=prune))
    assert answer["field"] == "recipe.prune.cost"
    assert "fisher" in answer["detail"]
    assert "Value error" not in answer["detail"]


def test_all_problems_are_listed_the_first_leads(client: TestClient) -> None:
    answer = refuse(client, "/api/runs", prune_body(seed=-1, speed=1))
    assert [problem["field"] for problem in answer["problems"]] == ["recipe.seed", "recipe.speed"]
    assert answer["field"] == "recipe.seed"


def test_what_is_no_id_is_refused_with_a_sentence_about_it(client: TestClient) -> None:
    answer = client.get("/api/models/deadbeef")
    assert (answer.status_code, answer.json()["field"]) == (422, "model_id")
    assert answer.json()["detail"] == "This is no id or name of anything here; check how it is written."


def test_a_missing_field_is_named(client: TestClient) -> None:
    body = prune_body()
    del body["model_id"]
    assert refuse(client, "/api/runs", body)["field"] == "model_id"


@pytest.mark.parametrize("content", ["", "{", "[1, 2", '{"kind": NaNa}', "\x00", '"' + "[" * 5000])
def test_a_body_that_is_not_json_is_refused(client: TestClient, content: str) -> None:
    answer = client.post("/api/runs", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(prune_body(seed=float("nan"))),
        json.dumps(prune_body(seed=10**400)),
        '{"kind": "prune", "model_id": "' + "9" * 5000 + '"}',
        '{"kind": ' + "9" * 5000 + "}",
        '{"kind": "prune", "\\ud800": 1}',
        '{"kind": "sample", "dataset_id": "\\ud800", "order": {"architecture": "lenet5"}}',
        '{"kind": "prune", "name": "a\\u0000b"}',
        "[" * 100_000,
        "[" * 900 + "]" * 900,
        '{"a":' * 900 + "1" + "}" * 900,
    ],
)
def test_json_that_python_stumbles_over_is_refused(client: TestClient, content: str) -> None:
    answer = client.post("/api/runs", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"]


def test_a_body_over_a_mebibyte_is_refused(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/runs", content=b" " * (1024**2 + 1), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    streamed = client.post("/api/runs", content=iter([b" " * 300_000] * 4), headers=headers)
    assert streamed.status_code == 413


def test_only_uploads_may_send_large_bodies(client: TestClient) -> None:
    answer = client.patch(f"/api/runs/{ABSENT_ID}", content=b" " * (1024**2 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "offset=-1", f"offset={10**30}", "state=lost", "limit=1e3"]
)
def test_a_bad_query_is_refused_by_the_parameters_name(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/runs?{query}")
    assert answer.status_code == 422
    assert answer.json()["field"] == query.partition("=")[0]


def break_models(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_self: Models) -> None:
        raise error

    monkeypatch.setattr(Models, "list_all", fail)


def test_an_unexpected_error_shows_an_incident_and_no_trace(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_models(monkeypatch, RuntimeError("secret sauce"))
    answer = client.get("/api/models")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    incident = answer.json()["hint"].rpartition(" ")[2].rstrip(".")
    assert any(incident in record.getMessage() for record in caplog.records)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("select", {}, Exception("database is locked")),
        InterfaceError("select", {}, Exception("the connection is closed")),
        NoConnectionFree("QueuePool limit of size 5 overflow 10 reached"),
    ],
)
def test_a_database_that_is_away_is_503_with_retry_after(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    break_models(monkeypatch, error)
    answer = client.get("/api/models")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_a_request_that_gets_no_connection_is_503_before_it_is_let_in(
    application: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait_in_vain(*_arguments: object) -> None:
        raise NoConnectionFree("QueuePool limit of size 5 overflow 10 reached")

    monkeypatch.setattr(application.sessions.kw["bind"].pool, "connect", wait_in_vain)
    assert client.get("/api/models").status_code == 503


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), OperationalError("insert", {}, Exception("database or disk is full"))],
)
def test_a_full_disk_is_said_to_be_full(client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    break_models(monkeypatch, error)
    answer = client.get("/api/models")
    assert (answer.status_code, answer.json()["error"]) == (413, "disk_full")


def test_every_refusal_answers_with_a_client_error(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in Refusal.__subclasses__():
        break_models(monkeypatch, kind("A sentence."))
        answer = client.get("/api/models")
        assert 400 <= answer.status_code < 500
        assert answer.json() == {"error": kind.code, "detail": "A sentence."}


def test_a_lost_race_is_a_conflict(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    break_models(monkeypatch, IntegrityError("insert", {}, Exception("UNIQUE constraint failed")))
    answer = client.get("/api/models")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert "UNIQUE" not in answer.text


def test_an_error_before_the_routes_is_answered_in_the_one_shape_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no such table: session")

    monkeypatch.setattr("backend.services.accounts.find_session", fail)
    answer = client.get("/api/models")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_server_answers_health_and_says_when_it_cannot(application: Application) -> None:
    assert application.stranger().get("/healthz").json() == {"status": "ok"}

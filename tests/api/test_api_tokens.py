"""API tokens: made by a person, used by a program, known only as hashes."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from backend.db import UnitOfWork
from backend.db.models import ApiTokenRow
from backend.services import api_tokens
from tests.api.application import Application
from tests.api.routes import fill
from tests.api.test_access import PUBLIC, ROUTES


def make_token(application: Application, name: str = "server") -> str:
    with UnitOfWork(application.sessions) as work:
        return api_tokens.create_token(work, name).secret


def program(application: Application, secret: str) -> TestClient:
    client = application.stranger()
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


def test_a_token_is_shown_once_and_works_at_once(application: Application, client: TestClient) -> None:
    made = client.post("/api/tokens", json={"name": "training server", "days": 30}).json()
    assert made["secret"].startswith("sec_")
    lasts = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < lasts <= timedelta(days=30)
    assert program(application, made["secret"]).get("/api/session").json()["user"] == "admin"
    (listed,) = client.get("/api/tokens").json()
    assert listed["seen_at"] is not None
    assert {**listed, "seen_at": None} == {key: value for key, value in made.items() if key != "secret"}


def test_only_the_hash_is_stored_and_nothing_is_logged(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = make_token(application)
    program(application, secret).get("/api/models")
    program(application, secret + "x").get("/api/models")
    with application.sessions() as session:
        (row,) = session.scalars(select(ApiTokenRow)).all()
    assert secret not in str(vars(row))
    assert len(row.token_hash) == 64
    assert secret not in caplog.text


def test_every_route_lets_a_token_in_and_a_wrong_one_nowhere(application: Application) -> None:
    application.app.state.context.attempts._most = 10_000
    good, wrong = program(application, make_token(application)), program(application, "sec_wrong")
    inside = [(method, path) for method, path in ROUTES if path.startswith("/api/") and (method, path) not in PUBLIC]
    quick = [(method, path) for method, path in inside if not path.endswith("/events")]
    assert 401 not in {good.request(method, fill(path)).status_code for method, path in quick}
    assert {wrong.request(method, fill(path)).status_code for method, path in inside} == {401}


def test_a_token_opens_the_api_only(application: Application) -> None:
    client = program(application, make_token(application))
    assert client.get("/api/models").status_code == 200
    assert {client.get(path).status_code for path in ("/docs", "/openapi.json", "/models", "/api")} == {401}


def test_a_token_needs_no_origin_but_a_host_that_is_ours(application: Application) -> None:
    client = program(application, make_token(application))
    foreign = {"Origin": "https://elsewhere.test", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/api/recipes/check", json={"recipe": {}}, headers=foreign).status_code == 200
    assert client.get("/api/models", headers={"Host": "evil.test"}).status_code == 421


def test_beside_a_token_the_cookie_does_not_count(application: Application, client: TestClient) -> None:
    foreign = {"Origin": "https://evil.test", "Authorization": "Bearer sec_wrong"}
    assert client.post("/api/recipes/check", json={"recipe": {}}, headers=foreign).status_code == 401
    assert client.get("/api/models", headers={"Authorization": "Bearer "}).status_code == 401
    assert client.get("/api/models", headers={"Authorization": "Basic abc"}).status_code == 200


def test_a_token_cannot_make_list_or_revoke_tokens(application: Application) -> None:
    client = program(application, make_token(application))
    for method, path in (("GET", "/api/tokens"), ("POST", "/api/tokens"), ("DELETE", f"/api/tokens/{'0' * 32}")):
        answer = client.request(method, path, json={"name": "another"})
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_a_revoked_or_expired_token_is_refused_at_once(application: Application, client: TestClient) -> None:
    made = client.post("/api/tokens", json={"name": "a"}).json()
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 204
    refused = program(application, made["secret"]).get("/api/models")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 404
    secret = make_token(application)
    with application.sessions.begin() as session:
        session.execute(update(ApiTokenRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert program(application, secret).get("/api/models").status_code == 401
    assert len(client.get("/api/tokens").json()) == 1


def test_wrong_tokens_are_limited_as_wrong_login_codes_are(application: Application, client: TestClient) -> None:
    wrong, good = program(application, "sec_wrong"), program(application, make_token(application))
    statuses = [wrong.get("/api/models").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert good.get("/api/models").status_code == 429
    assert client.get("/api/models").status_code == 200  # the browser is another door


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a", "days": 0}, "days"),
        ({"name": "a", "days": 366}, "days"),
        ({"name": "a", "role": "admin"}, "role"),
    ],
)
def test_a_bad_order_for_a_token_is_refused_at_its_field(
    client: TestClient, body: dict[str, object], field: str
) -> None:
    answer = client.post("/api/tokens", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)

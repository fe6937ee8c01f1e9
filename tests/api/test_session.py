"""Logging in with a one-time code."""

from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select, update

from backend.db import UnitOfWork
from backend.db.models import LoginCodeRow, SessionRow
from backend.services import accounts
from tests.api.application import Application


def make_code(application: Application) -> str:
    with UnitOfWork(application.sessions) as work:
        return accounts.make_login_code(work)


def log_in(client: TestClient, code: str) -> int:
    return client.post("/api/login", json={"code": code}).status_code


def test_a_code_opens_one_session_and_no_second(application: Application) -> None:
    code = make_code(application)
    client = application.stranger()
    assert log_in(client, code) == 204
    assert client.get("/api/session").json()["user"] == "admin"
    assert log_in(application.stranger(), code) == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(application: Application) -> None:
    answer = application.stranger().post("/api/login", json={"code": make_code(application)})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=604800" in cookie
    assert "secure" not in cookie.replace("secateur", "")


def test_a_code_that_is_too_old_is_refused(application: Application) -> None:
    code = make_code(application)
    with application.sessions.begin() as session:
        session.execute(update(LoginCodeRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert log_in(application.stranger(), code) == 401


def test_only_hashes_are_stored(application: Application) -> None:
    code = make_code(application)
    with application.sessions() as session:
        assert code not in session.scalars(select(LoginCodeRow.code_hash)).all()
    client = application.stranger()
    log_in(client, code)
    with application.sessions() as session:
        assert client.cookies["secateur_session"] not in session.scalars(select(SessionRow.token_hash)).all()


def test_logging_out_ends_the_session_at_once(application: Application) -> None:
    client = application.client()
    token = client.cookies["secateur_session"]
    assert client.delete("/api/session").status_code == 204
    client.cookies.set("secateur_session", token)
    assert client.get("/api/session").status_code == 401


def test_an_idle_session_ends_after_twelve_hours(application: Application) -> None:
    client = application.client()
    with application.sessions.begin() as session:
        session.execute(update(SessionRow).values(seen_at=datetime.now(UTC) - timedelta(hours=12, seconds=1)))
    assert client.get("/api/session").status_code == 401


def test_a_session_in_use_still_ends_after_seven_days(application: Application) -> None:
    client = application.client()
    with application.sessions.begin() as session:
        session.execute(update(SessionRow).values(created_at=datetime.now(UTC) - timedelta(days=7, seconds=1)))
    assert client.get("/api/session").status_code == 401


def test_use_keeps_a_session_alive(application: Application) -> None:
    client = application.client()
    before = datetime.now(UTC) - timedelta(hours=11)
    with application.sessions.begin() as session:
        session.execute(update(SessionRow).values(seen_at=before))
    assert client.get("/api/session").status_code == 200
    with application.sessions() as session:
        assert session.scalars(select(SessionRow.seen_at)).one() > before + timedelta(hours=10)


def test_guessing_codes_is_stopped_after_ten_failures(application: Application) -> None:
    client = application.stranger()
    assert [log_in(client, f"guess-{number}") for number in range(10)] == [401] * 10
    answer = client.post("/api/login", json={"code": make_code(application)})
    assert answer.status_code == 429
    assert answer.json()["error"] == "too_many_requests"
    assert "retry-after" in answer.headers


def test_a_refused_login_says_what_to_do(application: Application) -> None:
    answer = application.stranger().post("/api/login", json={"code": "wrong"}).json()
    assert answer["error"] == "unauthenticated"
    assert "login-url" in answer["hint"]


def test_behind_tls_the_cookie_stays_on_tls(application: Application) -> None:
    client = TestClient(application.app, base_url="https://secateur.test")
    answer = client.post("/api/login", json={"code": make_code(application)})
    assert "; secure" in answer.headers["set-cookie"].lower()

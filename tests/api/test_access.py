"""Who gets in: nobody without a session but for a short list, no foreign name, no foreign page."""

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from backend.api.middleware.guard import PUBLIC_ROUTES
from tests.api.application import ABSENT_ID, Application
from tests.api.routes import fill, walk

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/login"),
    ("GET", "/favicon.svg"),
    ("POST", "/api/login"),
}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
ROUTES = [
    ("DELETE", "/api/datasets/{dataset_id}"),
    ("DELETE", "/api/models/{model_id}"),
    ("DELETE", "/api/runs/{run_id}"),
    ("DELETE", "/api/session"),
    ("DELETE", "/api/tokens/{token_id}"),
    ("DELETE", "/api/uploads/{upload_id}"),
    ("GET", "/api/comparison"),
    ("GET", "/api/datasets"),
    ("GET", "/api/datasets/{dataset_id}"),
    ("GET", "/api/datasets/{dataset_id}/examples.png"),
    ("GET", "/api/models"),
    ("GET", "/api/models/{model_id}"),
    ("GET", "/api/models/{model_id}/figures/architecture"),
    ("GET", "/api/models/{model_id}/file"),
    ("GET", "/api/presets"),
    ("GET", "/api/recipes/schema"),
    ("GET", "/api/runs"),
    ("GET", "/api/runs/events"),
    ("GET", "/api/runs/{run_id}"),
    ("GET", "/api/runs/{run_id}/checkpoint"),
    ("GET", "/api/runs/{run_id}/events"),
    ("GET", "/api/runs/{run_id}/figures/{name}"),
    ("GET", "/api/runs/{run_id}/points"),
    ("GET", "/api/runs/{run_id}/points/{index}"),
    ("GET", "/api/runs/{run_id}/points/{index}/bundle.zip"),
    ("GET", "/api/runs/{run_id}/points/{index}/files/{name}"),
    ("GET", "/api/runs/{run_id}/points/{index}/first-layers"),
    ("GET", "/api/runs/{run_id}/points/{index}/scores"),
    ("GET", "/api/runs/{run_id}/steps"),
    ("GET", "/api/session"),
    ("GET", "/api/tokens"),
    ("GET", "/assets/{file}"),
    ("GET", "/docs"),
    ("GET", "/favicon.svg"),
    ("GET", "/healthz"),
    ("GET", "/openapi.json"),
    ("GET", "/{page:path}"),
    ("HEAD", "/api/uploads/{upload_id}"),
    ("HEAD", "/openapi.json"),
    ("OPTIONS", "/api/uploads/"),
    ("PATCH", "/api/uploads/{upload_id}"),
    ("POST", "/api/datasets"),
    ("POST", "/api/datasets/{dataset_id}/prepare"),
    ("POST", "/api/login"),
    ("POST", "/api/models"),
    ("POST", "/api/models/{model_id}/architecture"),
    ("POST", "/api/models/{model_id}/inspect"),
    ("POST", "/api/recipes/check"),
    ("POST", "/api/runs"),
    ("POST", "/api/runs/{run_id}/cancel"),
    ("POST", "/api/runs/{run_id}/points/{index}/formats/{format}"),
    ("POST", "/api/runs/{run_id}/points/{index}/latency"),
    ("POST", "/api/tokens"),
    ("POST", "/api/uploads/"),
]


def test_every_route_is_listed_here(application: Application) -> None:
    assert walk(application.app) == ROUTES


def test_without_a_session_every_route_answers_401_in_every_method(application: Application) -> None:
    stranger = application.stranger()
    paths = {fill(path) for _, path in ROUTES} | {"/", "/runs/1", "/login/", "/api", "/metrics", "/API/models"}
    let_in = {
        (method, path)
        for path in paths
        for method in METHODS
        if stranger.request(method, path).status_code != 401 and not path.startswith("/assets/")
    }
    assert let_in <= PUBLIC | {("HEAD", path) for _, path in PUBLIC}


def test_the_public_list_is_what_the_guard_uses() -> None:
    assert {route for route in PUBLIC_ROUTES if route[0] != "HEAD"} == PUBLIC


def test_assets_are_public_but_lead_nowhere_else(stranger: TestClient) -> None:
    assert stranger.get("/assets/absent.js").status_code == 404
    assert stranger.post("/assets/absent.js").status_code == 401
    assert stranger.get("/assets/%2e%2e/index.html").status_code in {401, 404}


def test_an_unlisted_path_under_a_public_one_is_not_public(stranger: TestClient) -> None:
    assert stranger.get("/healthz/more").status_code == 401
    assert stranger.get("/login/../api/models").status_code == 401


def test_a_page_sends_a_stranger_to_the_login_page(stranger: TestClient) -> None:
    answer = stranger.get("/models", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/models")
    assert stranger.get("/api/models", headers={"Accept": "text/html"}).status_code == 401


@pytest.mark.parametrize("token", ["x", "", "a" * 43, "\x7f", "ü"])
def test_a_made_up_token_opens_nothing(stranger: TestClient, token: str) -> None:
    headers = {"Cookie": f"secateur_session={token}".encode("latin-1")}
    assert stranger.get("/api/models", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1.evil.test", "evil.test:8000", "169.254.169.254", "", "a@127.0.0.1"]
)
def test_a_foreign_host_is_refused_on_every_route(application: Application, host: str) -> None:
    client = application.client()
    statuses = {client.request(method, fill(path), headers={"Host": host}).status_code for method, path in ROUTES}
    assert statuses == {421}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "secateur.test", "LOCALHOST"])
def test_loopback_names_and_configured_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/presets", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_cannot_change_anything_with_a_valid_cookie(
    application: Application, headers: dict[str, str]
) -> None:
    client = application.client()
    unsafe = [(method, path) for method, path in ROUTES if method not in {"GET", "HEAD", "OPTIONS"}]
    assert {client.request(method, fill(path), headers=headers).status_code for method, path in unsafe} == {403}


def test_our_own_page_may(client: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin", "Host": "127.0.0.1:8000"}
    assert client.post(f"/api/runs/{ABSENT_ID}/cancel", headers=headers).status_code == 404


def test_a_websocket_is_closed(application: Application) -> None:
    with pytest.raises(WebSocketDisconnect), application.stranger().websocket_connect("/api/runs"):
        pass


def test_a_method_override_header_does_not_change_the_method(application: Application) -> None:
    client = application.client()
    model = application.add_model()
    client.get(f"/api/models/{model}", headers={"X-HTTP-Method-Override": "DELETE"})
    assert client.get(f"/api/models/{model}").status_code == 200


def test_every_answer_carries_the_security_headers(client: TestClient, stranger: TestClient) -> None:
    for answer in (client.get("/api/models"), stranger.get("/api/models"), client.get("/nowhere"), client.get("/docs")):
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe-eval" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"

"""The API's own description."""

import json
import subprocess
import sys
from typing import Any

from fastapi.testclient import TestClient

from backend.api.openapi import describe_api
from tests.api.application import Application


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, item) for path, methods in schema["paths"].items() for method, item in methods.items()]


def test_every_route_is_described_in_a_sentence(application: Application) -> None:
    for method, path, item in operations(application.app.openapi()):
        assert item.get("description", "").strip(), f"{method} {path} has no docstring"


def test_every_json_body_has_an_example(application: Application) -> None:
    for method, path, item in operations(application.app.openapi()):
        content = item.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None and path != "/api/login":
            assert content.get("examples") or content["schema"].get("examples"), f"{method} {path} has no example"


def test_every_guarded_route_says_how_it_refuses(application: Application) -> None:
    for method, path, item in operations(application.app.openapi()):
        if path.startswith("/api/"):
            assert {"401", "403", "422"} <= set(item["responses"]), f"{method} {path}"


def test_the_reference_page_needs_no_script_and_no_foreign_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "theis" not in page.text.lower() or "<link" not in page.text
    assert f"curl -b cookies.txt -X POST {client.base_url}/api/runs" in page.text
    assert f"{client.base_url}/api/login</code>" in page.text
    assert "&quot;kind&quot;" in page.text or '"kind"' in page.text


def test_the_description_is_printed_without_a_server() -> None:
    schema = json.loads(describe_api())
    assert "/api/runs" in schema["paths"]
    command = [sys.executable, "-W", "error", "-m", "backend.api.openapi"]
    printed = subprocess.run(command, capture_output=True, check=True, text=True)
    assert json.loads(printed.stdout) == schema
    assert printed.stderr == ""

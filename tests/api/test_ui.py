"""The built user interface, and what is said where it was not built."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend.api.routers.ui import install_ui

PAGE = "<!doctype html><title>Secateur</title>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-1a2b.js").write_text("let a = 1")
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path.parent / "secret.txt").write_text("secret")
    return tmp_path


def browse(folder: Path) -> TestClient:
    app = FastAPI()
    install_ui(app, folder)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/login", "/models", "/runs/abc", "/index.html"])
def test_every_page_address_gets_the_application(folder: Path, path: str) -> None:
    answer = browse(folder).get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"


def test_assets_may_be_kept_for_ever(folder: Path) -> None:
    answer = browse(folder).get("/assets/index-1a2b.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/assets/absent.js"])
def test_what_is_no_page_is_404(folder: Path, path: str) -> None:
    assert browse(folder).get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/%2e%2e/secret.txt"]
)
def test_nothing_outside_the_folder_is_served(folder: Path, path: str) -> None:
    assert "secret" not in browse(folder).get(path).text


def test_a_missing_build_is_said_plainly(tmp_path: Path) -> None:
    answer = browse(tmp_path).get("/login")
    assert answer.status_code == 503
    assert "make install" in answer.text
    assert browse(tmp_path).get("/favicon.svg").status_code == 404

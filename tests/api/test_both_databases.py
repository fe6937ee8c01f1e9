"""The main calls on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from tests.api.application import RECIPE, Application, make_application
from tests.databases import (  # noqa: F401 - fixtures
    database_url,
    engine,
    postgres_template,
    postgres_url,
    sessions,
    sqlite_template,
    sqlite_url,
)


@pytest.fixture
def both(sessions: sessionmaker[Session], tmp_path: Path) -> Application:  # noqa: F811
    """An application on either database."""
    return make_application(sessions, tmp_path)


def test_a_run_is_ordered_listed_cancelled_and_forgotten(both: Application) -> None:
    with both.client() as client:
        body = {"kind": "prune", "model_id": both.add_model(), "dataset_id": both.add_dataset(), "recipe": RECIPE}
        run = client.post("/api/runs", json=body).json()
        assert client.get("/api/runs?state=queued").json()["items"][0]["model_name"] == "net"
        assert client.get(f"/api/runs/{run['id']}").json()["recipe"] == RECIPE
        assert client.get(f"/api/runs/{run['id']}/steps?max=10").json() == {"items": [], "total": 0}
        assert client.get(f"/api/runs/{run['id']}/figures/accuracy").status_code == 200
        assert client.post(f"/api/runs/{run['id']}/cancel").json()["state"] == "cancelled"
        assert client.delete(f"/api/runs/{run['id']}").status_code == 204
        assert client.delete(f"/api/models/{body['model_id']}").status_code == 204
        assert client.delete(f"/api/datasets/{body['dataset_id']}").status_code == 204


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "é\u202e", "'; --"])
def test_no_text_upsets_either_database(both: Application, text: str) -> None:
    with both.client() as client:
        sample = {"kind": "sample", "dataset_id": both.add_dataset(), "order": {"architecture": "lenet5"}}
        assert client.post("/api/runs", json={**sample, "name": text}).status_code in {201, 422}
        assert both.stranger().post("/api/login", json={"code": text}).status_code in {401, 422}

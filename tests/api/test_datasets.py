"""Datasets over HTTP."""

import pytest
from fastapi.testclient import TestClient

from backend.domain.jobs import JobKind
from backend.services.datasets import ensure_builtin_datasets
from tests.api.application import Application


def test_built_in_datasets_are_made_once_and_prepared(application: Application, client: TestClient) -> None:
    application.in_scope(ensure_builtin_datasets)
    application.in_scope(ensure_builtin_datasets)
    datasets = client.get("/api/datasets").json()
    assert [(row["name"], row["state"]) for row in datasets] == [
        ("digits", "preparing"),
        ("fashion-mnist", "preparing"),
        ("mnist", "preparing"),
    ]
    assert [kind for _, kind in application.rung] == [JobKind.DATASET_INTAKE] * 3


def test_a_dataset_shows_counts_classes_and_shape(application: Application, client: TestClient) -> None:
    summary = client.get(f"/api/datasets/{application.add_dataset()}").json()["summary"]
    assert (summary["train_count"], summary["input_shape"], len(summary["class_names"])) == (100, [1, 8, 8], 10)


def test_examples_are_an_inert_picture(application: Application, client: TestClient) -> None:
    blob = application.outside.store.put_bytes(b"\x89PNG")
    answer = client.get(f"/api/datasets/{application.add_dataset(examples_hash=blob.sha256)}/examples.png")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_there_are_no_examples_before_it_is_ready(application: Application, client: TestClient) -> None:
    dataset = application.add_dataset(state="preparing", summary=None)
    assert client.get(f"/api/datasets/{dataset}/examples.png").status_code == 409


def test_a_blob_that_is_gone_is_404(application: Application, client: TestClient) -> None:
    dataset = application.add_dataset(examples_hash="0" * 64)
    assert client.get(f"/api/datasets/{dataset}/examples.png").status_code == 404


@pytest.mark.parametrize("source", ["builtin", "upload"])
def test_a_dataset_that_failed_can_be_tried_again(application: Application, client: TestClient, source: str) -> None:
    failure = {"error_code": "data_unavailable", "error_detail": "No network.", "error_hint": ""}
    dataset = application.add_dataset(source=source, state="failed", summary=None, **failure)
    answer = client.post(f"/api/datasets/{dataset}/prepare").json()
    assert (answer["state"], answer["error"]) == ("preparing", None)
    assert len(application.rung) == 1
    assert client.post(f"/api/datasets/{dataset}/prepare").status_code == 409


@pytest.mark.parametrize(("source", "state"), [("builtin", "ready"), ("upload", "rejected"), ("builtin", "preparing")])
def test_nothing_else_can_be_tried_again(application: Application, client: TestClient, source: str, state: str) -> None:
    dataset = application.add_dataset(source=source, state=state)
    assert client.post(f"/api/datasets/{dataset}/prepare").status_code == 409


def test_an_upload_can_be_deleted_a_built_in_one_stays(application: Application, client: TestClient) -> None:
    uploaded, builtin = application.add_dataset(), application.add_dataset(name="digits", source="builtin")
    assert client.delete(f"/api/datasets/{uploaded}").status_code == 204
    assert client.delete(f"/api/datasets/{builtin}").status_code == 409

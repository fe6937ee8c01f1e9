"""Ordering, listing, cancelling and forgetting runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.domain.datasets import DatasetInput
from backend.domain.errors import NotFound
from backend.domain.jobs import JobKind, JobState
from tests.api.application import ABSENT_ID, DATA_SUMMARY, RECIPE, SUMMARY, Application


def order(application: Application, client: TestClient, recipe: dict[str, Any] | None = None, **data: Any) -> Response:
    body = {
        "kind": "prune",
        "model_id": application.add_model(),
        "dataset_id": application.add_dataset(**data),
        "recipe": recipe or RECIPE,
    }
    return client.post("/api/runs", json=body)


def set_job(application: Application, job_id: str, **values: Any) -> None:
    with application.sessions.begin() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))


def test_a_pruning_run_is_queued_and_rung(application: Application, client: TestClient) -> None:
    answer = order(application, client)
    run = answer.json()
    assert answer.status_code == 201
    assert (run["state"], run["kind"], run["model_name"], run["dataset_title"]) == ("queued", "prune", "net", "Data")
    assert run["recipe"] == RECIPE
    assert application.rung == [(run["id"], JobKind.PRUNE)]
    assert [(event.kind, event.data) for event in application.published] == [("run", {"state": "queued"})]
    assert client.get(f"/api/runs/{run['id']}").json() == run


def test_a_sample_run_is_queued_and_rung(application: Application, client: TestClient) -> None:
    body = {"kind": "sample", "dataset_id": application.add_dataset(), "order": {"architecture": "lenet5"}}
    run = client.post("/api/runs", json=body).json()
    assert (run["kind"], run["order"]["architecture"], run["recipe"]) == ("sample", "lenet5", None)
    assert application.rung == [(run["id"], JobKind.SAMPLE)]


def test_nothing_is_queued_when_the_commit_fails(application: Application, client: TestClient) -> None:
    def fail(session: Session) -> None:
        if session.scalar(select(func.count()).select_from(JobRow)):
            raise OSError(28, "No space left on device")

    event.listen(Session, "before_commit", fail)
    try:
        answer = order(application, client)
    finally:
        event.remove(Session, "before_commit", fail)
    assert (answer.status_code, answer.json()["error"]) == (413, "disk_full")
    assert (application.rung, application.published) == ([], [])
    assert client.get("/api/runs").json()["total"] == 0


def test_a_reference_network_is_not_trained_on_several_inputs(application: Application, client: TestClient) -> None:
    inputs = tuple(DatasetInput(name=name, shape=(2,)) for name in ("a", "b"))
    dataset = application.add_dataset(summary=DATA_SUMMARY.model_copy(update={"inputs": inputs}))
    body = {"kind": "sample", "dataset_id": dataset, "order": {"architecture": "lenet5"}}
    answer = client.post("/api/runs", json=body)
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (422, "data_mismatch", "dataset_id")
    assert "the dataset holds 2" in answer.json()["detail"]
    assert application.rung == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"inputs": (DatasetInput(name="", shape=(1, 28, 28)),)}, "1 x 8 x 8"),
        ({"class_names": ("a", "b"), "train_class_counts": (50, 50), "test_class_counts": (10, 10)}, "10 classes"),
    ],
)
def test_a_dataset_that_does_not_fit_is_refused(
    application: Application, client: TestClient, changes: dict[str, Any], word: str
) -> None:
    answer = order(application, client, summary=DATA_SUMMARY.model_copy(update=changes))
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (422, "data_mismatch", "dataset_id")
    assert word in answer.json()["detail"]
    assert application.rung == []


def test_an_order_without_a_kind_is_answered_with_those_that_exist(client: TestClient) -> None:
    answer = client.post("/api/runs", json={"dataset_id": "d"})
    assert (answer.status_code, answer.json()["field"]) == (422, "kind")
    assert answer.json()["detail"] == "This is required: `prune` or `sample`."


def test_a_target_below_the_minimum_widths_is_refused_with_the_nearest(
    application: Application, client: TestClient
) -> None:
    recipe = {**RECIPE, "target": {"kind": "macs", "density": 0.05}}
    answer = order(application, client, recipe)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (422, "target_unreachable")
    assert body["field"] == "recipe.target.density"
    assert "target.density = 0.1001" in body["hint"]
    nearest = {**RECIPE, "target": {"kind": "macs", "density": 0.1001}}
    again = {"kind": "prune", "model_id": application.add_model(), "dataset_id": application.add_dataset(name="b")}
    assert client.post("/api/runs", json={**again, "recipe": nearest}).status_code == 201


def test_a_pin_that_names_no_layer_is_refused_with_the_nearest(application: Application, client: TestClient) -> None:
    answer = order(application, client, {**RECIPE, "prune": {**RECIPE["prune"], "pins": ["hiden"]}})
    assert (answer.status_code, answer.json()["field"]) == (422, "recipe.prune.pins")
    assert answer.json()["detail"] == "The network has no layer `hiden`; did you mean `hidden`?"


def test_a_factor_for_a_layer_that_is_not_there_is_refused(application: Application, client: TestClient) -> None:
    allocation = {"kind": "uniform", "layer_factors": ["hiden=2"]}
    prune = {**RECIPE["prune"], "allocation": allocation, "cost": {"kind": "none"}}
    answer = order(application, client, {**RECIPE, "prune": prune})
    assert (answer.status_code, answer.json()["field"]) == (422, "recipe.prune.allocation.layer_factors")
    assert "did you mean `hidden`?" in answer.json()["detail"]


def test_pins_that_leave_too_little_are_refused_with_the_nearest_point(
    application: Application, client: TestClient
) -> None:
    answer = order(application, client, {**RECIPE, "prune": {**RECIPE["prune"], "pins": ["hidden"]}})
    assert (answer.status_code, answer.json()["error"]) == (422, "target_unreachable")
    assert "take layers out of prune.pins" in answer.json()["hint"]


@pytest.mark.parametrize("state", ["inspecting", "choosing", "rejected"])
def test_a_model_that_is_not_ready_is_refused(application: Application, client: TestClient, state: str) -> None:
    body = {"kind": "prune", "dataset_id": application.add_dataset(), "recipe": RECIPE}
    model = application.add_model(state=state, summary=None)
    answer = client.post("/api/runs", json={**body, "model_id": model})
    assert (answer.status_code, answer.json()["field"]) == (409, "model_id")
    assert state in answer.json()["detail"]


@pytest.mark.parametrize("state", ["preparing", "failed", "rejected"])
def test_a_dataset_that_is_not_ready_is_refused(application: Application, client: TestClient, state: str) -> None:
    answer = order(application, client, state=state, summary=None)
    assert (answer.status_code, answer.json()["field"]) == (409, "dataset_id")


def test_a_model_without_prunable_channels_is_refused(application: Application, client: TestClient) -> None:
    model = application.add_model(summary=SUMMARY.model_copy(update={"groups": ()}))
    body = {"kind": "prune", "model_id": model, "dataset_id": application.add_dataset(), "recipe": RECIPE}
    assert client.post("/api/runs", json=body).status_code == 422


def test_an_unknown_model_or_dataset_is_404(application: Application, client: TestClient) -> None:
    body = {"kind": "prune", "model_id": ABSENT_ID, "dataset_id": application.add_dataset(), "recipe": RECIPE}
    assert client.post("/api/runs", json=body).status_code == 404
    body = {"kind": "sample", "dataset_id": ABSENT_ID, "order": {"architecture": "lenet5"}}
    assert client.post("/api/runs", json=body).status_code == 404


def test_the_list_is_paged_filtered_and_newest_first(application: Application, client: TestClient) -> None:
    with UnitOfWork(application.sessions) as work:
        for number in range(5):
            moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            work.jobs.add(JobRow(kind=JobKind.SAMPLE, name=str(number), created_at=moment))
        work.jobs.add(JobRow(kind=JobKind.MODEL_INTAKE, name="no run"))
    page = client.get("/api/runs?limit=2&offset=1").json()
    assert ([run["name"] for run in page["items"]], page["total"]) == (["3", "2"], 5)
    assert client.get("/api/runs?state=failed").json()["items"] == []


def test_the_list_tells_the_seed_of_recipe_and_order(application: Application, client: TestClient) -> None:
    dataset = order(application, client, RECIPE | {"seed": 7}).json()["dataset_id"]
    body = {"kind": "sample", "dataset_id": dataset, "order": {"architecture": "lenet5", "seed": 3}}
    client.post("/api/runs", json=body)
    assert [run["seed"] for run in client.get("/api/runs").json()["items"]] == [3, 7]


def test_an_inspection_is_no_run(application: Application, client: TestClient) -> None:
    with UnitOfWork(application.sessions) as work:
        job = work.jobs.add(JobRow(kind=JobKind.MODEL_INTAKE, name="x")).id
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/steps"), ("GET", "/points")]:
        assert client.request(method, f"/api/runs/{job}{path}").status_code == 404


def test_a_waiting_run_is_cancelled_at_once_and_only_once_it_has_ended_forgotten(
    application: Application, client: TestClient
) -> None:
    run = order(application, client).json()["id"]
    assert client.delete(f"/api/runs/{run}").status_code == 409
    answer = client.post(f"/api/runs/{run}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    assert client.post(f"/api/runs/{run}/cancel").status_code == 202
    assert client.delete(f"/api/runs/{run}").status_code == 204
    assert client.get(f"/api/runs/{run}").status_code == 404


def test_a_running_run_is_asked_to_stop(application: Application, client: TestClient) -> None:
    run = order(application, client).json()["id"]
    set_job(application, run, state=JobState.RUNNING)
    answer = client.post(f"/api/runs/{run}/cancel").json()
    assert (answer["state"], answer["cancel_requested"]) == ("running", True)


def test_a_run_that_has_ended_cannot_be_cancelled(application: Application, client: TestClient) -> None:
    run = order(application, client).json()["id"]
    set_job(application, run, state=JobState.COMPLETED)
    assert client.post(f"/api/runs/{run}/cancel").status_code == 409


def test_the_time_left_follows_from_the_pace_so_far(application: Application, client: TestClient) -> None:
    run = order(application, client).json()["id"]
    assert client.get(f"/api/runs/{run}").json()["seconds_left"] is None
    started = datetime.now(UTC) - timedelta(seconds=60)
    set_job(application, run, state=JobState.RUNNING, started_at=started, progress=0.25)
    assert client.get(f"/api/runs/{run}").json()["seconds_left"] == pytest.approx(180, abs=5)


def test_a_failure_carries_code_sentence_and_hint(application: Application, client: TestClient) -> None:
    run = order(application, client).json()["id"]
    failure = {"error_code": "out_of_memory", "error_detail": "No memory.", "error_hint": "Smaller batches."}
    set_job(application, run, state=JobState.FAILED, **failure)
    error = client.get(f"/api/runs/{run}").json()["error"]
    assert error == {"code": "out_of_memory", "detail": "No memory.", "hint": "Smaller batches."}


def test_the_last_good_checkpoint_of_a_run_that_diverged_is_downloaded(
    application: Application, client: TestClient
) -> None:
    run = order(application, client).json()["id"]
    assert client.get(f"/api/runs/{run}/checkpoint").status_code == 409
    set_job(application, run, state=JobState.FAILED, error_code="diverged")
    assert client.get(f"/api/runs/{run}/checkpoint").status_code == 404
    application.outside.store.save_checkpoint(run, b"good", epoch=1)
    answer = client.get(f"/api/runs/{run}/checkpoint")
    assert (answer.status_code, answer.content) == (200, b"good")
    assert answer.headers["content-disposition"].endswith('-checkpoint.safetensors"')
    assert client.delete(f"/api/runs/{run}").status_code == 204
    with pytest.raises(NotFound):
        application.outside.store.stream_checkpoint(run)


def test_what_a_run_needs_cannot_be_deleted(application: Application, client: TestClient) -> None:
    run = order(application, client).json()
    assert client.delete(f"/api/models/{run['model_id']}").status_code == 409
    assert client.delete(f"/api/datasets/{run['dataset_id']}").status_code == 409
    client.post(f"/api/runs/{run['id']}/cancel")
    assert client.delete(f"/api/models/{run['model_id']}").status_code == 204
    assert client.get(f"/api/runs/{run['id']}").json()["model_id"] is None


def test_a_page_of_ten_thousand_runs_takes_few_queries(application: Application, client: TestClient) -> None:
    with application.sessions.begin() as session:
        session.add_all(JobRow(kind=JobKind.SAMPLE, name=str(number)) for number in range(10_000))
    queries: list[str] = []
    bind = application.sessions.kw["bind"]
    record = lambda *arguments: queries.append(arguments[2])  # noqa: E731
    event.listen(bind, "before_cursor_execute", record)
    page = client.get("/api/runs?limit=50&offset=5000").json()
    event.remove(bind, "before_cursor_execute", record)
    assert (len(page["items"]), page["total"]) == (50, 10_000)
    assert len(queries) <= 7


def test_a_name_that_is_made_fits_however_long_the_model_is_called(
    application: Application, client: TestClient
) -> None:
    model = application.add_model(name="m" * 199)
    body = {"kind": "prune", "model_id": model, "dataset_id": application.add_dataset(), "recipe": RECIPE}
    name = client.post("/api/runs", json=body).json()["name"]
    assert len(name) == 200
    assert name.startswith("mmm")
    assert name.endswith(", theis2018-fisher")

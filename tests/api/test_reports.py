"""Steps, operating points, files and figures of a run."""

import hashlib
import io
import zipfile
from itertools import pairwise

import pytest
from fastapi.testclient import TestClient

from backend.db import UnitOfWork
from backend.db.models import ArtifactRow, JobRow
from backend.domain.gate_probabilities import GateProbabilities
from backend.domain.jobs import JobKind
from backend.domain.point_details import PointDetails
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, Phase, RunLayout, StepRecord, TrackedLayer
from tests.api.application import RECIPE, SUMMARY, Application
from tests.blobs import sweep_later
from tests.db.values import scores

LAYOUT = RunLayout(
    layers=(
        TrackedLayer(name="hidden", dense_width=20, is_prunable=True),
        TrackedLayer(name="output", dense_width=10, is_prunable=False),
    ),
    dense_macs=SUMMARY.macs,
    dense_parameters=SUMMARY.parameters,
)
FILES = {"model.safetensors": b"\x00" * 2_000_000, "model.py": b"print()", "recipe.json": b"{}"}
STEPS = 1000


def step(number: int) -> StepRecord:
    return StepRecord(
        step=number,
        phase=Phase.PRUNE,
        progress=number / STEPS,
        loss=1.0,
        accuracy=0.5,
        sparsity=number / STEPS / 2,
        macs=740,
        parameters=755,
        widths=(20 - number * 10 // STEPS, 10),
        fisher_mass=(0.5, 0.25),
        fisher_rao_norm=(1.0, None),
    )


def point(index: int) -> OperatingPoint:
    return OperatingPoint(
        index=index,
        step=index * 500,
        sparsity=index / 4,
        macs=1480 // (index + 1),
        parameters=1510 // (index + 1),
        widths=(20, 10),
        dense_accuracy=0.9,
        pruned_accuracy=0.7,
        retrained_accuracy=0.88,
        retrained_loss=0.3,
        test_accuracy=0.87,
        test_loss=0.35,
        is_target=index == 2,
    )


@pytest.fixture
def run(application: Application) -> str:
    """A run with a thousand steps and three operating points."""
    model = application.add_model()
    with UnitOfWork(application.sessions) as work:
        row = JobRow(
            kind=JobKind.PRUNE, name="My run/1", model_id=model, recipe=Recipe.model_validate(RECIPE), layout=LAYOUT
        )
        job = work.jobs.add(row).id
        work.steps.add_all(job, [step(number) for number in range(1, STEPS + 1)], LAYOUT)
        for index in range(3):
            work.points.put(job, point(index))
            blobs = {name: application.outside.store.put_bytes(data) for name, data in FILES.items()}
            rows = [
                ArtifactRow(name=name, sha256=blob.sha256, size=blob.size, media_type="application/octet-stream")
                for name, blob in blobs.items()
            ]
            work.artifacts.replace(job, index, rows)
    return job


def test_steps_come_in_pages(client: TestClient, run: str) -> None:
    page = client.get(f"/api/runs/{run}/steps?after=990&limit=5").json()
    assert ([item["step"] for item in page["items"]], page["total"]) == ([991, 992, 993, 994, 995], STEPS)


def test_a_long_history_is_thinned_out_and_keeps_its_end(client: TestClient, run: str) -> None:
    steps = [item["step"] for item in client.get(f"/api/runs/{run}/steps?max=100").json()["items"]]
    assert 50 <= len(steps) <= 101
    assert steps[-1] == STEPS
    assert len({after - before for before, after in pairwise(steps)}) == 1


def test_points_carry_their_sizes_and_files(client: TestClient, run: str) -> None:
    points = client.get(f"/api/runs/{run}/points").json()
    assert [item["point"]["index"] for item in points] == [0, 1, 2]
    assert (points[1]["macs_density"], points[1]["theoretical_speedup"], points[1]["compression_ratio"]) == (0.5, 2, 2)
    files = {file["name"]: (file["size"], file["sha256"]) for file in points[1]["files"]}
    assert files == {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES.items()}


def test_the_list_shows_the_last_point_as_the_result(client: TestClient, run: str) -> None:
    (entry,) = client.get("/api/runs").json()["items"]
    assert entry["id"] == run
    assert (entry["result"]["index"], entry["result"]["test_accuracy"], entry["result"]["is_target"]) == (2, 0.87, True)


def test_a_file_is_an_inert_attachment(client: TestClient, run: str) -> None:
    answer = client.get(f"/api/runs/{run}/points/1/files/model.safetensors")
    assert answer.content == FILES["model.safetensors"]
    assert answer.headers["content-length"] == "2000000"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_the_bundle_holds_every_file_and_is_always_the_same(client: TestClient, run: str) -> None:
    answer = client.get(f"/api/runs/{run}/points/2/bundle.zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="My-run-1-point-2.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
    assert client.get(f"/api/runs/{run}/points/2/bundle.zip").content == answer.content


@pytest.mark.parametrize(
    "path", ["points/9/bundle.zip", "points/9/files/model.py", "points/1/files/absent.py", "figures/pie"]
)
def test_what_does_not_exist_is_refused(client: TestClient, run: str, path: str) -> None:
    assert client.get(f"/api/runs/{run}/{path}").status_code in {404, 422}


@pytest.mark.parametrize("name", ["accuracy", "widths", "architecture", "loss", "information"])
@pytest.mark.parametrize("x", ["sparsity", "macs", "parameters"])
def test_every_figure_has_data_and_no_template(client: TestClient, run: str, name: str, x: str) -> None:
    figure = client.get(f"/api/runs/{run}/figures/{name}?x={x}").json()
    assert figure["data"]
    assert "template" not in figure["layout"]


def test_scores_and_gates_are_told_where_they_were_recorded(
    application: Application, client: TestClient, run: str
) -> None:
    path = f"/api/runs/{run}"
    assert client.get(f"{path}/figures/scores").json()["data"] == []
    assert client.get(f"{path}/figures/gates").json()["data"] == []
    assert client.get(f"{path}/points/1/scores").json()["error"] == "not_found"
    assert client.get(f"{path}/points/9/scores").status_code == 404
    nothing = (None, None)
    gates = GateProbabilities(
        minimum=nothing, lower_quartile=nothing, median=nothing, upper_quartile=nothing, maximum=nothing,
        open_share=(0.75, None),
    )  # fmt: skip
    with UnitOfWork(application.sessions) as work:
        for index in (1, 2):
            work.points.put(run, point(index), details=PointDetails(scores=scores(index)))
        work.steps.add_all(run, [step(STEPS + 1).model_copy(update={"gates": gates})], LAYOUT)
    assert client.get(f"{path}/points/1/scores").json() == scores(1).model_dump(mode="json")
    assert client.get(f"{path}/figures/scores").json() == client.get(f"{path}/figures/scores?point=2").json()
    assert client.get(f"{path}/figures/scores?point=0").json()["data"] == []
    (line,) = client.get(f"{path}/figures/gates").json()["data"]
    assert (line["meta"], line["y"]) == ("hidden", [0.75])
    assert client.get(f"{path}/figures/gates?layer=output").json()["data"] == []
    assert client.get(f"{path}/figures/gates?layer={'x' * 600}").status_code == 422
    (last,) = client.get(f"{path}/steps?after={STEPS}").json()["items"]
    assert last["gates"]["open_share"] == [0.75, None]


def test_every_measured_removal_is_told_however_long_the_history(application: Application, client: TestClient) -> None:
    """All of 1,000 removals took 0.001, but one that a thinned history leaves out took 0.5."""
    prune = {**RECIPE["prune"], "measure_removals": True}
    recipe = Recipe.model_validate({**RECIPE, "prune": prune})
    drops = {number: 0.5 if number == 333 else 0.001 for number in range(1, STEPS + 1)}
    told = {number: {"before_accuracy": 0.8, "pruned_accuracy": 0.8 - drop} for number, drop in drops.items()}
    with UnitOfWork(application.sessions) as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="measured", recipe=recipe, layout=LAYOUT)).id
        work.steps.add_all(job, [step(number).model_copy(update=told[number]) for number in drops], LAYOUT)
        for index in range(3):
            work.points.put(job, point(index).model_copy(update={"before_accuracy": 0.9 if index else None}))
    path = f"/api/runs/{job}"
    bars, marks, mean = client.get(f"{path}/figures/instability").json()["data"]
    assert (bars["x"], max(marks["y"])) == ([1, 2], pytest.approx(50))
    assert mean["name"] == "mean of 1,000: 0.15 points, at most 50.00 points (step 333)"
    dense, first, second = client.get(f"{path}/points").json()
    assert (dense["removals"], dense["removals_notice"]) == (None, None)
    assert (first["removals"]["count"], first["removals"]["largest_step"]) == (500, 333)
    assert second["removals"]["mean_instability"] == pytest.approx(0.001)
    assert second["removals"]["mean_relative_instability"] == pytest.approx(0.001 / 0.8)
    assert second["removals_notice"].endswith(
        "50.00 points in sum; the training steps before them won back 30.00 points."
    )
    assert client.get(f"{path}/points/2").json()["removals"] == second["removals"]
    (last,) = client.get(f"{path}/steps?after={STEPS - 1}").json()["items"]
    assert (last["before_accuracy"], last["pruned_accuracy"]) == (0.8, pytest.approx(0.799))


def test_a_figure_of_a_run_that_has_not_begun_is_empty(application: Application, client: TestClient) -> None:
    with UnitOfWork(application.sessions) as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="waiting")).id
    assert client.get(f"/api/runs/{job}/figures/accuracy").json()["data"] == []
    assert client.get(f"/api/runs/{job}/points").json() == []


def test_the_architecture_follows_the_step(client: TestClient, run: str) -> None:
    figures = [
        client.get(f"/api/runs/{run}/figures/architecture?step={number}").text for number in (0, 500, 1000, 9999)
    ]
    assert len(set(figures)) == 3
    assert figures[2] == figures[3] == client.get(f"/api/runs/{run}/figures/architecture").text


def test_forgetting_a_run_removes_its_files(application: Application, client: TestClient, run: str) -> None:
    client.post(f"/api/runs/{run}/cancel")
    assert client.delete(f"/api/runs/{run}").status_code == 204
    assert sweep_later(application.sessions, application.outside.store) == set()

"""Formats and latency of operating points: ordered, watched, downloaded."""

import io
import zipfile
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.db import UnitOfWork
from backend.db.models import ArtifactRow, JobRow
from backend.domain.delivery import FileFacts, LatencyHost, LatencyReport, LatencyRow, OnnxCheck, Timing
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.jobs import JobKind, JobState
from backend.domain.reports import Zeros
from tests.api.application import ABSENT_ID, Application
from tests.api.test_reports import LAYOUT, point

FILES = ("manifest.json", "model.py", "model.safetensors", "recipe.json")
CHECK = OnnxCheck(
    data="test split",
    opset=20,
    runtime_version="1.31.1",
    examples=359,
    available=359,
    largest_difference=2e-7,
    agreement=1.0,
)
REPORT = LatencyReport(
    host=LatencyHost(
        processor="A processor",
        processor_count=2,
        threads=2,
        system="Linux",
        torch_version="2.13.0",
        onnxruntime_version="1.31.1",
        load=0.5,
    ),
    rows=(
        LatencyRow(
            runtime="torch",
            batch=1,
            rounds=200,
            dense=Timing(median_ms=2.0, lower_ms=1.9, upper_ms=2.2),
            thin=Timing(median_ms=1.0, lower_ms=0.9, upper_ms=1.1),
            latency_speedup=2.0,
            lower_speedup=1.8,
            upper_speedup=2.2,
        ),
    ),
    gaps=(),
    seconds=4.0,
)


@pytest.fixture
def run(application: Application) -> str:
    """A finished run with a dense and a thin operating point; a third one is from before graphs were kept."""
    with UnitOfWork(application.sessions) as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="run", layout=LAYOUT, state=JobState.COMPLETED)).id
        for index, graph in ((0, "ab" * 32), (1, "ab" * 32), (2, None)):
            work.points.put(job, point(index), graph)
            for name in FILES:
                _add_file(application, work, job, index, name)
    return job


def _add_file(
    application: Application, work: UnitOfWork, run: str, index: int, name: str, facts: FileFacts | None = None
) -> None:
    blob = application.outside.store.put_bytes(f"{name} {index}".encode())
    work.artifacts.put(
        ArtifactRow(
            job_id=run, point_index=index, name=name, sha256=blob.sha256, size=blob.size, media_type="a/b", facts=facts
        )
    )


def _format(client: TestClient, run: str, name: str, index: int = 1) -> dict[str, Any]:
    answer = client.get(f"/api/runs/{run}/points/{index}").json()
    (found,) = [item for item in answer["formats"] if item["format"] == name]
    return dict(found)


def _finish(application: Application, job_id: str, state: JobState, failure: JobFailure | None = None) -> None:
    with UnitOfWork(application.sessions) as work:
        claim = work.leases.claim(job_id, "worker")
        assert claim is not None
        work.leases.finish(claim, state, failure)


def test_a_format_is_made_on_demand_once(application: Application, client: TestClient, run: str) -> None:
    assert _format(client, run, "safetensors")["standing"] == "ready"
    assert _format(client, run, "onnx")["standing"] == "absent"
    for _ in range(2):
        answer = client.post(f"/api/runs/{run}/points/1/formats/onnx")
        assert answer.status_code == 202
    ((job_id, kind),) = application.rung
    assert kind is JobKind.DELIVERY
    assert _format(client, run, "onnx")["standing"] == "queued"
    with UnitOfWork(application.sessions) as work:
        assert work.leases.claim(job_id, "worker") is not None
    assert _format(client, run, "onnx")["standing"] == "running"


def test_a_format_that_is_there_is_not_made_again(application: Application, client: TestClient, run: str) -> None:
    with UnitOfWork(application.sessions) as work:
        _add_file(application, work, run, 1, "model.onnx", FileFacts(onnx_check=CHECK))
    answer = client.post(f"/api/runs/{run}/points/1/formats/onnx")
    assert (answer.status_code, application.rung) == (202, [])
    made = _format(client, run, "onnx")
    assert (made["standing"], made["file"]["name"]) == ("ready", "model.onnx")
    assert made["onnx_check"] == CHECK.model_dump(mode="json")
    assert client.get(f"/api/runs/{run}/points/1/files/model.onnx").content == b"model.onnx 1"


def test_a_failed_format_says_why_and_can_be_tried_again(
    application: Application, client: TestClient, run: str
) -> None:
    client.post(f"/api/runs/{run}/points/1/formats/pt2")
    failure = JobFailure(FailureCode.EXPORT_FAILED, "The batch is fixed.", "Take the safetensors.")
    _finish(application, application.rung[0][0], JobState.FAILED, failure)
    failed = _format(client, run, "pt2")
    assert failed["standing"] == "failed"
    assert failed["error"] == {"code": "export_failed", "detail": failure.detail, "hint": failure.hint}
    assert client.post(f"/api/runs/{run}/points/1/formats/pt2").json()["formats"][1]["standing"] == "queued"
    assert len(application.rung) == 2


def test_latency_stays_while_it_is_measured_again(application: Application, client: TestClient, run: str) -> None:
    with UnitOfWork(application.sessions) as work:
        work.points.get(run, 1).latency = REPORT
    told = client.get(f"/api/runs/{run}/points/1").json()["latency"]
    assert (told["standing"], told["report"]) == ("ready", REPORT.model_dump(mode="json"))
    told = client.post(f"/api/runs/{run}/points/1/latency").json()["latency"]
    assert (told["standing"], told["report"]["rows"][0]["latency_speedup"]) == ("queued", 2.0)
    client.post(f"/api/runs/{run}/points/1/latency")
    assert len(application.rung) == 1


def test_a_network_with_zeros_says_so_and_no_latency_is_measured_for_it(
    application: Application, client: TestClient, run: str
) -> None:
    zeros = Zeros(count=60, prunable=80, left=(20,), compressed_bytes=300)
    with UnitOfWork(application.sessions) as work:
        work.points.put(run, point(3).model_copy(update={"zeros": zeros}), "ab" * 32)
    answer = client.get(f"/api/runs/{run}/points/3").json()
    assert answer["notice"].startswith("Same shapes; 60 of 80 weights are zero.")
    assert answer["point"]["zeros"]["compressed_bytes"] == 300
    assert (answer["macs_density"], answer["theoretical_speedup"]) == (0.25, 1.0)  # zeros are multiplied like the rest
    assert client.get(f"/api/runs/{run}/points/1").json()["notice"] is None
    refused = client.post(f"/api/runs/{run}/points/3/latency")
    assert refused.status_code == 409
    assert "zeros inside a dense tensor save no time" in refused.json()["detail"]


def test_a_network_that_lost_dead_channels_says_how_many_and_can_be_measured(
    application: Application, client: TestClient, run: str
) -> None:
    zeros = Zeros(count=40, prunable=80, left=(20,), compressed_bytes=300, removed=20, file_macs=1184)
    dead = tuple(f"fc{layer}:{index}" for layer in range(6) for index in range(6 - layer))
    with UnitOfWork(application.sessions) as work:
        work.points.put(run, point(3).model_copy(update={"zeros": zeros, "dead_channels": dead}), "ab" * 32)
    answer = client.get(f"/api/runs/{run}/points/3").json()
    places = "6 in `fc0`, 5 in `fc1`, 4 in `fc2`, 3 in `fc3`, 3 elsewhere"
    assert answer["dead_notice"] == f"21 dead channels removed: {places}. The answers are the same without."
    assert "40 of 60 weights are zero" in answer["notice"]
    assert answer["theoretical_speedup"] == 1.25  # 1480 / 1184: the zeros that stay in the file take their time
    assert not answer["keeps_shapes"]
    assert client.post(f"/api/runs/{run}/points/3/latency").status_code < 300
    assert client.get(f"/api/runs/{run}/points/1").json()["dead_notice"] is None


def test_a_network_that_lost_layers_names_them(application: Application, client: TestClient, run: str) -> None:
    layers, dead = ("layer1.0.conv1", "layer1.0.conv2"), ("layer1.0.conv1:0", "layer1.0.conv1:5", "conv1:3")
    with UnitOfWork(application.sessions) as work:
        work.points.put(run, point(3).model_copy(update={"removed_layers": layers, "dead_channels": dead}), "ab" * 32)
    answer = client.get(f"/api/runs/{run}/points/3").json()
    assert answer["point"]["removed_layers"] == list(layers)
    assert answer["dead_notice"] == (
        "2 layers removed whose residual branch said the same whatever the input: `layer1.0.conv1`, `layer1.0.conv2`. "
        "1 dead channel removed: 1 in `conv1`. The answers are the same without."
    )


def test_a_point_tells_its_counts_beside_the_dense_ones(client: TestClient, run: str) -> None:
    told = client.get(f"/api/runs/{run}/points/1").json()
    assert (told["dense_macs"], told["point"]["macs"], told["theoretical_speedup"]) == (1480, 740, 2.0)
    assert told == client.get(f"/api/runs/{run}/points").json()[1]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("points/0/latency", 409, "dense network"),
        ("points/2/latency", 409, "before its network was kept"),
        ("points/2/formats/onnx", 409, "before its network was kept"),
        ("points/9/formats/onnx", 404, "no operating point 9"),
        ("points/9/latency", 404, "no operating point 9"),
        ("points/1/formats/pickle", 422, ""),
    ],
)
def test_what_cannot_be_made_is_refused_at_once(
    application: Application, client: TestClient, run: str, path: str, status: int, words: str
) -> None:
    answer = client.post(f"/api/runs/{run}/{path}")
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert application.rung == []


def test_an_absent_run_has_no_formats(client: TestClient) -> None:
    assert client.post(f"/api/runs/{ABSENT_ID}/points/1/formats/onnx").status_code == 404
    assert client.get(f"/api/runs/{ABSENT_ID}/points/1").status_code == 404


def _names(client: TestClient, address: str) -> set[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return set(archive.namelist())


def test_a_zip_holds_the_chosen_formats(application: Application, client: TestClient, run: str) -> None:
    address = f"/api/runs/{run}/points/1/bundle.zip"
    with UnitOfWork(application.sessions) as work:
        _add_file(application, work, run, 1, "model.onnx")
    assert _names(client, address) == set(FILES)
    assert _names(client, f"{address}?formats=onnx") == {"model.onnx", "recipe.json", "manifest.json"}
    assert _names(client, f"{address}?formats=safetensors&formats=onnx") == {*FILES, "model.onnx"}
    refusal = client.get(f"{address}?formats=safetensors&formats=pt2")
    assert (refusal.status_code, refusal.json()["field"]) == (409, "formats")
    assert f"POST to /api/runs/{run}/points/1/formats/pt2" in refusal.json()["hint"]


def test_a_deleted_run_takes_its_deliveries_along(application: Application, client: TestClient, run: str) -> None:
    client.post(f"/api/runs/{run}/points/1/formats/onnx")
    assert client.delete(f"/api/runs/{run}").status_code == 204
    with UnitOfWork(application.sessions) as work:
        assert work.jobs.find(application.rung[0][0]) is None


def test_a_point_tells_what_its_removals_took_and_which_classes_lost_most(
    application: Application, client: TestClient, run: str
) -> None:
    with UnitOfWork(application.sessions) as work:
        work.points.put(run, point(0).model_copy(update={"test_class_accuracies": (0.9, None, 0.8)}))
        after = {"before_accuracy": 0.8, "pruned_accuracy": 0.6, "test_class_accuracies": (0.3, None, 0.9)}
        work.points.put(run, point(3).model_copy(update={**after, "test_calibration_error": 0.03}))
    answer = client.get(f"/api/runs/{run}/points/3").json()
    assert answer["instability"] == pytest.approx(0.2)
    assert answer["relative_instability"] == pytest.approx(0.25)
    assert answer["point"]["test_calibration_error"] == 0.03
    assert [change["label"] for change in answer["worst_classes"]] == [0]
    assert answer["worst_classes"] == client.get(f"/api/runs/{run}/points").json()[-1]["worst_classes"]

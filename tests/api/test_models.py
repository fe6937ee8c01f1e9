"""Models over HTTP."""

import pytest
from fastapi.testclient import TestClient

from backend.domain.jobs import JobKind
from backend.domain.network import ArchitectureMatch, LockInfo, NetworkSummary
from tests.api.application import SUMMARY, Application
from tests.blobs import sweep_later

MATCHES = (
    ArchitectureMatch(architecture="mlp", title="MLP", input_shape=(64,), class_count=10),
    ArchitectureMatch(architecture="lenet300", title="LeNet-300-100", input_shape=(1, 8, 8), class_count=10),
)


def test_a_model_shows_its_layers_and_counts(application: Application, client: TestClient) -> None:
    model = client.get(f"/api/models/{application.add_model()}").json()
    assert model["summary"]["macs"] == SUMMARY.macs
    assert [layer["name"] for layer in model["summary"]["layers"]] == ["hidden", "output"]


def test_the_list_leaves_the_layers_out(application: Application, client: TestClient) -> None:
    model = client.get(f"/api/models/{application.add_model()}").json()
    waiting = application.add_model(state="inspecting", summary=None)
    entries = {entry["id"]: entry for entry in client.get("/api/models").json()}
    assert entries[model["id"]]["macs"] == SUMMARY.macs
    assert entries[model["id"]].items() <= {**model, "architecture": "mlp", "parameters": 1510, "macs": 1480}.items()
    assert (entries[waiting]["architecture"], entries[waiting]["macs"]) == (None, None)


def test_a_model_carries_its_import_report(application: Application, client: TestClient) -> None:
    lock = LockInfo(layer="output", reason="they are the answer", operation="view", node="view", place="net.py:3")
    model = application.add_model(summary=SUMMARY.model_copy(update={"locks": (lock,)}))
    report = client.get(f"/api/models/{model}").json()["report"]
    assert (report["channels"], report["removable_channels"], report["warning"]) == (20, 18, None)
    hidden, output = report["layers"]
    assert (hidden["status"], hidden["removable_channels"]) == ("prunable", 18)
    assert (output["status"], output["lock"]["place"]) == ("locked", "net.py:3")


def test_a_summary_of_the_first_release_still_has_a_report(application: Application, client: TestClient) -> None:
    old = SUMMARY.model_dump(mode="json", exclude={"locks": True, "groups": {"__all__": {"unit", "output_spans"}}})
    model = application.add_model(summary=NetworkSummary.model_validate(old))
    assert client.get(f"/api/models/{model}").json()["report"]["removable_channels"] == 18


def test_picking_one_of_the_matches_inspects_again(application: Application, client: TestClient) -> None:
    model = application.add_model(state="choosing", summary=None, matches=MATCHES)
    assert len(client.get(f"/api/models/{model}").json()["matches"]) == 2
    answer = client.post(f"/api/models/{model}/architecture", json=MATCHES[1].model_dump(mode="json"))
    assert (answer.status_code, answer.json()["state"]) == (200, "inspecting")
    assert [kind for _, kind in application.rung] == [JobKind.MODEL_INTAKE]
    again = client.post(f"/api/models/{model}/architecture", json=MATCHES[0].model_dump(mode="json"))
    assert again.status_code == 409
    assert application.in_scope(lambda scope: scope.work.models.get(model).choice) == MATCHES[1]


def test_picking_what_was_not_offered_is_refused(application: Application, client: TestClient) -> None:
    model = application.add_model(state="choosing", summary=None, matches=MATCHES)
    other = MATCHES[0].model_copy(update={"class_count": 11})
    answer = client.post(f"/api/models/{model}/architecture", json=other.model_dump(mode="json"))
    assert (answer.status_code, answer.json()["field"]) == (422, "architecture")
    assert "lenet300" in answer.json()["detail"]
    assert application.rung == []


def test_a_rejected_model_says_why(application: Application, client: TestClient) -> None:
    failure = {"error_code": "unsafe_file", "error_detail": "It runs code.", "error_hint": "Use safetensors."}
    model = client.get(f"/api/models/{application.add_model(state='rejected', summary=None, **failure)}").json()
    assert model["error"] == {"code": "unsafe_file", "detail": "It runs code.", "hint": "Use safetensors."}


def test_a_model_whose_inspection_failed_is_inspected_again(application: Application, client: TestClient) -> None:
    failure = {"error_code": "disk_full", "error_detail": "The disk is full.", "error_hint": "Free some space."}
    model = application.add_model(state="failed", summary=None, content_hash="0" * 64, **failure)
    answer = client.post(f"/api/models/{model}/inspect").json()
    assert (answer["state"], answer["error"]) == ("inspecting", None)
    assert [kind for _, kind in application.rung] == [JobKind.MODEL_INTAKE]
    assert client.post(f"/api/models/{model}/inspect").status_code == 409


@pytest.mark.parametrize("state", ["ready", "rejected", "choosing"])
def test_no_other_model_is_inspected_again(application: Application, client: TestClient, state: str) -> None:
    answer = client.post(f"/api/models/{application.add_model(state=state)}/inspect")
    assert (answer.status_code, application.rung) == (409, [])


def test_the_file_is_an_inert_attachment(application: Application, client: TestClient) -> None:
    blob = application.outside.store.put_bytes(b"tensors" * 300_000)
    model = application.add_model(name='net "1"\u202e<b>.safetensors', weights_hash=blob.sha256)
    answer = client.get(f"/api/models/{model}/file")
    assert answer.content == b"tensors" * 300_000
    assert answer.headers["content-disposition"] == 'attachment; filename="net-1-b.safetensors"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_there_is_no_file_or_picture_before_it_is_ready(application: Application, client: TestClient) -> None:
    model = application.add_model(state="inspecting", summary=None)
    assert client.get(f"/api/models/{model}/file").status_code == 409
    assert client.get(f"/api/models/{model}/figures/architecture").status_code == 409


def test_the_picture_has_a_block_per_layer_and_no_template(application: Application, client: TestClient) -> None:
    figure = client.get(f"/api/models/{application.add_model()}/figures/architecture").json()
    assert figure["data"]
    assert "template" not in figure["layout"]


def test_deleting_a_model_deletes_what_nobody_else_uses(application: Application, client: TestClient) -> None:
    store = application.outside.store
    shared, own = store.put_bytes(b"shared"), store.put_bytes(b"own")
    application.add_model(content_hash=shared.sha256)
    model = application.add_model(content_hash=shared.sha256, weights_hash=own.sha256)
    assert client.delete(f"/api/models/{model}").status_code == 204
    assert client.get(f"/api/models/{model}").status_code == 404
    assert client.delete(f"/api/models/{model}").status_code == 404
    assert store.read(own.sha256) == b"own"  # it is new: another job may be about to name it
    assert sweep_later(application.sessions, store) == {shared.sha256}

"""Every preset through the REST API: it is found free of problems, ordered as it is, and its run bears it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.domain.datasets import DatasetSummary
from backend.domain.network import NetworkSummary
from backend.domain.presets import PRESETS
from tests.api.application import DATA_SUMMARY, SUMMARY, Application

ENOUGH: DatasetSummary = DATA_SUMMARY.model_copy(update={"train_count": 60_000})
"""So many that the dense training comes to every step that a preset rewinds to."""


def with_batch_norm(summary: NetworkSummary) -> NetworkSummary:
    groups = tuple(group.model_copy(update={"batch_norms": ("norm",)}) for group in summary.groups)
    return summary.model_copy(update={"groups": groups})


def order(application: Application, recipe: dict[str, Any], summary: NetworkSummary) -> dict[str, Any]:
    model, dataset = application.add_model(summary=summary), application.add_dataset(summary=ENOUGH)
    return {"model_id": model, "dataset_id": dataset, "recipe": recipe}


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_can_be_checked_and_started(name: str, application: Application, client: TestClient) -> None:
    listed = {preset["name"]: preset["recipe"] for preset in client.get("/api/presets").json()}
    body = order(application, listed[name], with_batch_norm(SUMMARY))
    checked = client.post("/api/recipes/check", json=body).json()
    notices = checked.pop("notices")
    assert checked == {"fingerprint": PRESETS[name].recipe.fingerprint(), "problems": []}
    assert [notice.split()[0] for notice in notices] == (["retrain.parts"] if name == "han2015-magnitude" else [])
    answer = client.post("/api/runs", json={"kind": "prune"} | body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["recipe"] == listed[name]


def test_slimming_of_a_network_without_batch_norm_is_refused_and_gates_are_offered(
    application: Application, client: TestClient
) -> None:
    groups = tuple(group.model_copy(update={"batch_norms": ()}) for group in SUMMARY.groups)
    recipe = PRESETS["liu2017-slimming"].recipe.model_dump(mode="json")
    body = order(application, recipe, SUMMARY.model_copy(update={"groups": groups}))
    answer = client.post("/api/runs", json={"kind": "prune"} | body)
    assert answer.status_code == 422
    assert "`l0_hard_concrete`" in answer.text

"""Presets, the recipe's schema, and checking a recipe."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.domain.datasets import DatasetInput
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from tests.api.application import ABSENT_ID, DATA_SUMMARY, RECIPE, SUMMARY, Application


def test_every_preset_is_listed_and_its_recipe_is_valid(client: TestClient) -> None:
    presets = client.get("/api/presets").json()
    assert [preset["name"] for preset in presets] == list(PRESETS)
    for preset in presets:
        assert Recipe.model_validate(preset["recipe"]) == PRESETS[preset["name"]].recipe


def test_the_schema_is_the_recipes(client: TestClient) -> None:
    assert client.get("/api/recipes/schema").json() == Recipe.model_json_schema()


def test_a_good_recipe_has_a_fingerprint_and_no_problems(application: Application, client: TestClient) -> None:
    body = {"recipe": RECIPE, "model_id": application.add_model(), "dataset_id": application.add_dataset()}
    answer = client.post("/api/recipes/check", json=body).json()
    assert answer == {"fingerprint": PRESETS["theis2018-fisher"].recipe.fingerprint(), "problems": [], "notices": []}


def test_all_problems_of_a_bad_recipe_are_listed_by_their_path(client: TestClient) -> None:
    recipe = {**RECIPE, "seed": -1, "prune": {**RECIPE["prune"], "schedule": {"kind": "greedy", "channels": 0}}}
    answer = client.post("/api/recipes/check", json={"recipe": recipe}).json()
    assert answer["fingerprint"] is None
    assert {problem["field"] for problem in answer["problems"]} == {"seed", "prune.schedule.channels"}


def test_an_empty_recipe_says_what_is_required(client: TestClient) -> None:
    problems = client.post("/api/recipes/check", json={"recipe": {}}).json()["problems"]
    assert {problem["field"] for problem in problems} == {"target", "prune", "retrain"}
    assert {problem["detail"] for problem in problems} == {"This is required."}


def test_a_contradiction_is_a_problem_at_its_field(client: TestClient) -> None:
    recipe = {**RECIPE, "distill": {}, "retrain": {"epochs": 0}}
    (problem,) = client.post("/api/recipes/check", json={"recipe": recipe}).json()["problems"]
    assert problem["field"] == "distill"


def test_misfit_and_unreachable_target_are_both_told(application: Application, client: TestClient) -> None:
    dataset = application.add_dataset(
        summary=DATA_SUMMARY.model_copy(update={"inputs": (DatasetInput(name="", shape=(3, 32, 32)),)})
    )
    recipe = {**RECIPE, "target": {"kind": "sparsity", "sparsity": 0.99}}
    body = {"recipe": recipe, "model_id": application.add_model(), "dataset_id": dataset}
    problems = client.post("/api/recipes/check", json=body).json()["problems"]
    assert [problem["field"] for problem in problems] == ["dataset_id", "target.sparsity"]
    assert "target.sparsity = 0.89" in problems[1]["detail"]


def test_a_step_beyond_the_training_on_this_dataset_is_told_and_refused(
    application: Application, client: TestClient
) -> None:
    body = {"model_id": application.add_model(), "dataset_id": application.add_dataset()}
    dense = {"epochs": 1, "keep_step": 10_000_000}
    recipe = {**RECIPE, "dense": dense, "retrain": {"epochs": 1, "start": {"kind": "rewind"}}}
    (problem,) = client.post("/api/recipes/check", json={"recipe": recipe, **body}).json()["problems"]
    assert problem["field"] == "dense.keep_step"
    assert "optimizer steps of dense.epochs" in problem["detail"]
    refused = client.post("/api/runs", json={"kind": "prune", "recipe": recipe, **body})
    assert (refused.status_code, refused.json()["field"]) == (422, "recipe.dense.keep_step")


@pytest.mark.parametrize(
    ("lacking", "regularizer", "setting", "offered"),
    [
        ({"batch_norms": ()}, {"kind": "batch_norm_l1"}, "", "l0_hard_concrete"),
        ({"branch_ends": ()}, {"kind": "group_lasso", "layer_strength": 0.1}, ".layer_strength", "wen2016-ssl"),
        ({"takes_gates": False}, {"kind": "l0_hard_concrete"}, "", "gated `weights`"),
    ],
)
def test_a_regularizer_that_has_nothing_to_work_on_is_told_and_refused(
    application: Application,
    client: TestClient,
    lacking: dict[str, Any],
    regularizer: dict[str, Any],
    setting: str,
    offered: str,
) -> None:
    groups = tuple(group.model_copy(update=lacking) for group in SUMMARY.groups)
    summary = SUMMARY.model_copy(update={"groups": groups})
    body = {"model_id": application.add_model(summary=summary), "dataset_id": application.add_dataset()}
    recipe = {**RECIPE, "sparsify": {"epochs": 1, "regularizer": regularizer}}
    (problem,) = client.post("/api/recipes/check", json={"recipe": recipe, **body}).json()["problems"]
    assert problem["field"] == f"sparsify.regularizer{setting}"
    assert offered in problem["detail"]
    refused = client.post("/api/runs", json={"kind": "prune", "recipe": recipe, **body})
    assert (refused.status_code, refused.json()["field"]) == (422, f"recipe.sparsify.regularizer{setting}")


def test_what_does_nothing_with_a_model_is_told_and_runs_all_the_same(
    application: Application, client: TestClient
) -> None:
    summary = SUMMARY.model_copy(update={"dropped_layers": ()})
    body = {"model_id": application.add_model(summary=summary), "dataset_id": application.add_dataset()}
    recipe = PRESETS["han2015-magnitude"].recipe.model_dump(mode="json")
    answer = client.post("/api/recipes/check", json={"recipe": recipe, **body}).json()
    assert answer["problems"] == []
    assert ["rescale_dropout" in notice for notice in answer["notices"]] == [True, False]
    assert "no convolutions" in answer["notices"][1]
    assert client.post("/api/runs", json={"kind": "prune", "recipe": recipe, **body}).status_code == 201
    assert client.post("/api/recipes/check", json={"recipe": recipe}).json()["notices"] == []


def test_of_a_network_without_channels_to_remove_single_weights_can_go(
    application: Application, client: TestClient
) -> None:
    summary = SUMMARY.model_copy(update={"groups": ()})
    body = {"model_id": application.add_model(summary=summary), "dataset_id": application.add_dataset()}
    refused = client.post("/api/runs", json={"kind": "prune", "recipe": RECIPE, **body})
    assert (refused.status_code, refused.json()["field"]) == (422, "recipe.target.density")
    assert "`unstructured`" in refused.json()["hint"]
    weights = PRESETS["uniform-magnitude-weights"].recipe.model_dump(mode="json")
    assert client.post("/api/recipes/check", json={"recipe": weights, **body}).json()["problems"] == []
    assert client.post("/api/runs", json={"kind": "prune", "recipe": weights, **body}).status_code == 201


def test_times_of_other_layers_are_told_and_refused(application: Application, client: TestClient) -> None:
    body = {"model_id": application.add_model(), "dataset_id": application.add_dataset()}
    prune = {**RECIPE["prune"], "cost": {"kind": "parameter_free", "counted": "latency"}}
    recipe = {**RECIPE, "prune": prune, "latency": {"layers": ["nowhere=1"]}}
    (problem,) = client.post("/api/recipes/check", json={"recipe": recipe, **body}).json()["problems"]
    assert problem["field"] == "latency.layers"
    assert "no layer `nowhere`" in problem["detail"]
    refused = client.post("/api/runs", json={"kind": "prune", "recipe": recipe, **body})
    assert (refused.status_code, refused.json()["field"]) == (422, "recipe.latency.layers")


def test_an_unknown_model_is_404(client: TestClient) -> None:
    assert client.post("/api/recipes/check", json={"recipe": RECIPE, "model_id": ABSENT_ID}).status_code == 404

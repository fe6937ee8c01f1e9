"""Settings that would do nothing, or undo what others do, are refused with both fields and a way out."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from backend.domain.absent import absence
from backend.domain.network import Layer, NetworkSummary
from backend.domain.presets import PRESETS
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.spec import STORED

BASE: dict[str, Any] = {
    "target": {"kind": "sparsity", "sparsity": 0.5},
    "prune": {"criterion": {"kind": "magnitude"}, "schedule": {"kind": "one_shot"}},
    "retrain": {"epochs": 2},
}
WEIGHTS = BASE["prune"] | {"granularity": {"kind": "unstructured"}}
LASSO = {"epochs": 1, "regularizer": {"kind": "group_lasso"}}
NOISE = {"epochs": 1, "regularizer": {"kind": "variational_dropout"}}
GATES = {"epochs": 1, "regularizer": {"kind": "l0_hard_concrete"}}
SCALES = {"epochs": 1, "regularizer": {"kind": "batch_norm_l1"}}
LOT = BASE["prune"] | {"criterion": {"kind": "random"}}
REWIND = {"epochs": 2, "start": {"kind": "rewind"}}
TO_START = {"epochs": 2, "start": {"kind": "rewind", "to": "initialization"}}
SIGNS = {"epochs": 2, "start": {"kind": "sign_kept", "of": "trained"}}
EARLY = {"epochs": 1, "keep_step": 5}
MEDIAN = BASE["prune"] | {"criterion": {"kind": "geometric_median"}}
SURGEON = WEIGHTS | {"criterion": {"kind": "obs"}}
WARM = {"epochs": 2, "learning_rate_warm_up": 0.1}


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"prune": WEIGHTS | {"minimum_width": 50}}, "prune.minimum_width: 50 .* prune.granularity .* leave it at 2"),
        ({"prune": WEIGHTS | {"removal_macs": 0.5}}, "prune.removal_macs: 0.5 .* prune.granularity .* at 0.05"),
        ({"distill": {"weight": 0.0}}, "distill.weight: 0 .* above 0, or leave distill out"),
        ({"sparsify": LASSO | {"epochs": 0}}, "sparsify.epochs: .* sparsify.regularizer `group_lasso`"),
        (
            {"sparsify": LASSO | {"epochs": 0}, "prune": BASE["prune"] | {"criterion": {"kind": "learned"}}},
            "prune.criterion `learned` has nothing to read; set sparsify.epochs",
        ),
        (
            {"sparsify": NOISE, "prune": WEIGHTS | {"criterion": {"kind": "random"}}},
            "prune.criterion: `random` draws weights by lot.* `variational_dropout` .* the criterion `magnitude`",
        ),
        (
            {"sparsify": GATES, "prune": LOT},
            "`random` draws channels by lot.* `l0_hard_concrete` .* `learned`, or leave",
        ),
        ({"sparsify": LASSO, "prune": LOT}, "`random` draws channels by lot.* `group_lasso` .* choose the criterion `"),
        ({"sparsify": SCALES, "prune": LOT}, "by lot.* sparsify.regularizer `batch_norm_l1` .* `batch_norm_scale`"),
        ({"prune": MEDIAN}, "prune.allocation: `global` .* `geometric_median` .* choose the allocation `uniform`"),
        ({"dense": EARLY}, "dense.keep_step: nothing goes back to step 5, .* `continue`"),
        ({"dense": EARLY, "retrain": TO_START}, "dense.keep_step: nothing .* to `keep_step`"),
        (
            {"dense": {"epochs": 1}, "retrain": WARM | {"learning_rate_decay": "rewind"}},
            "retrain.learning_rate_warm_up: .* `rewind` .* section dense.* set .* to 0, or choose another decay",
        ),
        (
            {"prune": SURGEON, "retrain": {"epochs": 2, "start": {"kind": "reinitialize"}}},
            "retrain.start: `reinitialize` .* prune.criterion `obs` .* choose the start `continue`",
        ),
        ({"dense": EARLY, "prune": SURGEON, "retrain": REWIND}, "retrain.start: `rewind` .* prune.criterion `obs`"),
        ({"prune": SURGEON, "retrain": SIGNS}, "retrain.start: `sign_kept` .* prune.criterion `obs` .* `continue`"),
    ],
)
def test_what_would_do_nothing_is_refused(sections: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Recipe.model_validate({**BASE, **sections})


@pytest.mark.parametrize(
    "sections",
    [
        {"prune": WEIGHTS | {"minimum_width": 2, "removal_macs": 0.05}},
        {"prune": BASE["prune"] | {"minimum_width": 50, "removal_macs": 0.5}},
        {"distill": {"weight": 0.1}},
        {"sparsify": NOISE, "prune": WEIGHTS},
        {"prune": WEIGHTS | {"criterion": {"kind": "random"}}},
        {"prune": LOT},
        {"prune": MEDIAN | {"allocation": {"kind": "uniform"}}},
        {"dense": EARLY, "retrain": REWIND},
        {"dense": EARLY, "retrain": {"epochs": 2, "learning_rate_decay": "rewind"}},
        {"dense": {"epochs": 1}},
        {"dense": {"epochs": 1}, "retrain": WARM},
        {"dense": WARM, "retrain": {"epochs": 2, "learning_rate_decay": "rewind"}},
        {"prune": SURGEON},
        {"dense": EARLY, "prune": SURGEON, "retrain": {"epochs": 2, "learning_rate_decay": "rewind"}},
        {"dense": EARLY, "prune": WEIGHTS | {"criterion": {"kind": "obd"}}, "retrain": REWIND},
    ],
)
def test_the_way_out_is_open(sections: dict[str, Any]) -> None:
    Recipe.model_validate({**BASE, **sections})


def test_a_recipe_that_was_stored_before_a_rule_came_can_still_be_read() -> None:
    stored = {**BASE, "distill": {"weight": 0.0}}
    read = TypeAdapter(Recipe).validate_python(stored, context=STORED)
    assert read.distill is not None
    with pytest.raises(ValidationError):
        Recipe.model_validate(stored)


def test_all_presets_are_recipes() -> None:
    assert all(Recipe.model_validate(preset.recipe.model_dump(mode="json")) for preset in PRESETS.values())


@pytest.mark.parametrize(("kind", "is_told"), [("linear", True), ("embedding", False)])
def test_weights_of_embeddings_need_an_embedding(kind: str, is_told: bool) -> None:
    layer = Layer.model_validate({"name": "first", "type": kind, "in_width": 4, "width": 4, "parameters": 1, "macs": 1})
    summary = NetworkSummary.model_validate(
        {"architecture": "small", "input_shape": (4,), "class_count": 2, "layers": (layer,), "groups": ()}
        | {"parameters": 1, "macs": 1}
    )
    asked = Prune.model_validate(WEIGHTS | {"granularity": {"kind": "unstructured", "embeddings": True}})
    found = absence(summary, asked)
    assert (found is not None and found.field == "prune.granularity.embeddings") == is_told
    assert absence(summary, Prune.model_validate(WEIGHTS)) is None

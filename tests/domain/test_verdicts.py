"""A criterion that does not look where the regularizer left its verdict is refused, and the sentence names a reader."""

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from backend.domain.recipe import Recipe
from backend.domain.regularizers import Regularizer

MAGNITUDE, MEDIAN, SCALE = "magnitude", "geometric_median", "batch_norm_scale"
OF_EFFECTS = ("fisher", "taylor", "taylor_squared", "obd")
IN_READERS: tuple[dict[str, Any], ...] = (
    {"kind": "l0_hard_concrete"},
    {"kind": "l0_hard_concrete", "estimator": "arm"},
    {"kind": "l1_masks"},
    {"kind": "bayesian_compression"},
    {"kind": "bayesian_compression", "prior": "horseshoe"},
    {"kind": "sparse_group_lasso", "lines": "outgoing"},
    {"kind": "group_lasso", "strength": 0.0, "channel_strength": 0.1},
)
IN_MAKERS: tuple[dict[str, Any], ...] = (
    {"kind": "group_lasso"},
    {"kind": "sparse_group_lasso", "lines": "incoming"},
    {"kind": "targeted_dropout"},
)
IN_BOTH: tuple[dict[str, Any], ...] = (
    {"kind": "group_lasso", "strength": 0.1, "channel_strength": 0.1},
    {"kind": "sparse_group_lasso", "lines": "both"},
)
OF_LAYERS = {"kind": "group_lasso", "strength": 0.0, "layer_strength": 0.1}
OF_SCALES = {"kind": "batch_norm_l1"}
OF_WEIGHTS: tuple[dict[str, Any], ...] = (
    {"kind": "l0_hard_concrete", "gated": "weights"},
    {"kind": "targeted_dropout", "dropped": "weights"},
    {"kind": "variational_dropout"},
)
LOST = [
    *((regularizer, criterion) for regularizer in IN_READERS for criterion in (MAGNITUDE, MEDIAN, SCALE)),
    *((regularizer, SCALE) for regularizer in (*IN_MAKERS, *IN_BOTH)),
    *((OF_SCALES, criterion) for criterion in (MAGNITUDE, MEDIAN)),
]
SEEN = [
    *((regularizer, criterion) for regularizer in (*IN_READERS, OF_SCALES) for criterion in OF_EFFECTS),
    *((regularizer, criterion) for regularizer in (*IN_MAKERS, *IN_BOTH) for criterion in (MAGNITUDE, MEDIAN)),
    *((regularizer, "learned") for regularizer in (*IN_READERS, *IN_MAKERS, *IN_BOTH)),
    *((OF_LAYERS, criterion) for criterion in (MAGNITUDE, SCALE, "learned")),
    (OF_SCALES, SCALE),
]


def recipe(regularizer: dict[str, Any], criterion: str, **prune: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "target": {"kind": "macs", "density": 0.5},
            "sparsify": {"epochs": 1, "regularizer": regularizer},
            "prune": {"criterion": {"kind": criterion}, "allocation": {"kind": "uniform"}, **prune},
            "retrain": {"epochs": 1},
        }
    )


@pytest.mark.parametrize(("regularizer", "criterion"), LOST)
def test_a_verdict_that_the_criterion_does_not_see_is_lost(regularizer: dict[str, Any], criterion: str) -> None:
    reader = SCALE if regularizer is OF_SCALES else "learned"
    sentence = f"prune.criterion: `{criterion}` looks at .* sparsify.regularizer `{regularizer['kind']}` leaves its "
    with pytest.raises(ValidationError, match=f"{sentence}verdict in .*; choose the criterion `{reader}`"):
        recipe(regularizer, criterion)


@pytest.mark.parametrize(("regularizer", "criterion"), SEEN)
def test_a_verdict_that_the_criterion_sees_is_not(regularizer: dict[str, Any], criterion: str) -> None:
    recipe(regularizer, criterion)


@pytest.mark.parametrize("regularizer", [*OF_WEIGHTS, *IN_READERS, *IN_MAKERS, *IN_BOTH])
def test_among_single_weights_zeros_are_seen_wherever_they_are(regularizer: dict[str, Any]) -> None:
    at_once = {"schedule": {"kind": "one_shot"}, "granularity": {"kind": "unstructured"}}
    recipe(regularizer, MAGNITUDE, **at_once)


def test_no_regularizer_is_forgotten() -> None:
    known = {case["kind"] for case in (*IN_READERS, *IN_MAKERS, *IN_BOTH, OF_LAYERS, OF_SCALES, *OF_WEIGHTS)}
    assert known == {kind.model_fields["kind"].default for kind in get_args(get_args(Regularizer)[0])}

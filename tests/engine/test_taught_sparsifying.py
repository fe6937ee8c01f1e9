"""A teacher beside a regularizer: what is learned while a network becomes sparse."""

from typing import Any

import pytest
import torch

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from tests.engine.runs import Collected, blobs, collect_run, recipe, small_lenet
from worker.engine.network import Network

WEAK = 1e-9
REGULARIZERS: dict[str, dict[str, Any]] = {
    "group_lasso": {"strength": WEAK},
    "l1_masks": {"strength": WEAK, "threshold": 0.0},
    "variational_dropout": {"strength": WEAK, "initial_log_variance": -30.0},
}
ESTIMATORS = ("hard_concrete", "arm", "reinforce", "rebar", "relax")


def sparsified(regularizer: dict[str, Any], distill: dict[str, Any] | None, **sections: Any) -> Recipe:
    """An epoch with a regularizer, then everything goes at once."""
    is_of_weights = regularizer["kind"] == "variational_dropout"
    kind, criterion = ("unstructured", "magnitude") if is_of_weights else ("channel", "learned")
    prune = {"granularity": {"kind": kind}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1}
    return recipe(
        sparsify={"epochs": 1, "steps_per_record": 2, "regularizer": regularizer},
        prune={"criterion": {"kind": criterion}} | prune,
        distill=distill,
        **sections,
    )


def moved(network: Network, result: Collected) -> float:
    """How far the furthest weight went while the network was made sparse, over the largest weight."""
    steps = [record.step for record in result.records if record.phase is Phase.SPARSIFY]
    (last,) = (checkpoint for checkpoint in result.checkpoints if checkpoint.step == steps[-1])
    pairs = [(network.tensors[name], value) for name, value in last.part("weights").items()]
    return max(float((old - new).abs().max()) for old, new in pairs) / max(float(old.abs().max()) for old, _ in pairs)


@pytest.mark.parametrize("kind", REGULARIZERS)
def test_a_student_that_is_its_teacher_has_nothing_to_learn(kind: str) -> None:
    """With weight 1 the loss is the divergence from the teacher: zero, with zero slope, where both are the same."""
    network, regularizer = small_lenet(), {"kind": kind} | REGULARIZERS[kind]
    taught, by_labels = (
        collect_run(network, blobs(), sparsified(regularizer, {"weight": 1.0, "during": during}))
        for during in ("both", "retraining")
    )
    assert moved(network, taught) < 1e-5
    assert moved(network, by_labels) > 1e-2
    losses = [record.loss for record in taught.records if record.phase is Phase.SPARSIFY]
    assert losses == pytest.approx([0.0] * len(losses), abs=1e-5)


def sparsifying(result: Collected) -> list[dict[str, Any]]:
    """What a run tells of this phase, but for how far it is in the whole."""
    told = [record for record in result.records if record.phase is Phase.SPARSIFY]
    return [record.model_dump(exclude={"progress"}) for record in told]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_unless_asked_for_the_teacher_leaves_the_bits_of_this_phase_alone(estimator: str) -> None:
    regularizer = {"kind": "l0_hard_concrete", "estimator": estimator, "strength": 5.0}
    runs = [
        collect_run(small_lenet(), blobs(), sparsified(regularizer, distill))
        for distill in (None, {}, {"during": "sparsifying"})
    ]
    plain, later, taught = (sparsifying(run) for run in runs)
    assert plain
    assert later == plain
    assert taught != plain


def test_a_teacher_of_this_phase_alone_needs_no_retraining() -> None:
    chosen = sparsified(
        {"kind": "l0_hard_concrete"},
        {"during": "sparsifying"},
        retrain={"epochs": 0},
        target={"kind": "macs", "density": 0.6},
    )
    result = collect_run(small_lenet(), blobs(), chosen)
    assert [finished.point.index for finished in result.points] == [0, 1]


def test_the_teacher_is_the_network_that_the_run_trained_itself() -> None:
    """Not the upload: a student that begins as the trained network has nothing to learn of it."""
    dense = {"epochs": 1, "steps_per_record": 2, "optimizer": {"kind": "sgd", "learning_rate": 0.05}}
    regularizer = {"kind": "group_lasso"} | REGULARIZERS["group_lasso"]
    chosen = sparsified(regularizer, {"weight": 1.0, "during": "both"}, dense=dense)
    result = collect_run(small_lenet(), blobs(), chosen)
    assert moved(result.points[0].network, result) < 1e-5
    assert not torch.equal(result.points[0].network.tensors["fc2.weight"], small_lenet().tensors["fc2.weight"])

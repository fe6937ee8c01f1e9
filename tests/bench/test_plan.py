"""What a comparison runs: recipes that differ by their method alone, and plans that are refused."""

import pytest
from pydantic import ValidationError

from backend.domain.comparison import Cell, Comparison
from backend.domain.presets import PRESETS
from tests.bench.test_bench import plan
from worker.bench.report import to_markdown
from worker.engine.sampling import HABITS, WARM_UP


def test_retraining_that_points_share_out_and_networks_from_scratch_are_told():
    told = plan(methods=("lamp2021", "louizos2018-l0", "crowley2018-scratch"), retrain_epochs=2).conditions
    assert "2 epochs in a run (2 to 5 where several operating points share them out in whole epochs)" in told
    assert "from scratch train as the dense network was trained: for as many epochs" in told
    even = plan(methods=("louizos2018-l0",), retrain_epochs=1, sparsify_epochs=1).conditions
    assert "retraining: 1 epoch in a run, SGD" in even
    assert "at most 1 epoch for that" in even
    assert "scratch" not in even
    assert even.startswith("Seed 0; every method")
    assert plan(seeds=(0, 2)).conditions.startswith("Seeds 0, 2; every method")


def test_what_a_comparison_sets_in_place_of_presets_is_told():
    methods = ("theis2018-fisher", "han2015-magnitude", "molchanov2019-taylor", "hinton2015-distillation")
    own = [PRESETS[method].recipe for method in methods]
    assert [recipe.distill is not None for recipe in own] == [True, False, False, True]
    assert own[1].retrain.parts == "in_turn"
    assert own[2].data.batch_size != 128
    whole = plan(methods=methods)
    recipes = [whole.recipe(cell, 0.05, 100) for cell in whole.cells]
    assert {recipe.data.batch_size for recipe in recipes} == {128}
    assert "every method trains in mini-batches of 128 examples, with a share of 0.1" in whole.conditions
    assert {recipe.retrain.parts for recipe in recipes} == {"together"}
    assert "retrains all layers together" in whole.conditions
    assert [recipe.distill is not None for recipe in recipes] == [False, False, False, True]
    assert "has no teacher, unless it is a student that starts afresh" in whole.conditions


def test_what_rewinds_has_early_weights_and_a_budget_for_every_round_and_that_is_told():
    rounds = PRESETS["frankle2019-lottery"].recipe.prune.points
    early, more = "gets its early weights and learning rates", f"in each of {rounds} rounds"
    told = plan(methods=("lamp2021", "frankle2019-lottery"), retrain_epochs=2).conditions
    assert early in told
    assert more in told
    told = plan(methods=("lamp2021", "louizos2018-l0"), retrain_epochs=2).conditions
    assert early not in told
    assert more not in told


@pytest.mark.parametrize("method", ["crowley2018-scratch", "crowley2018-scratch-flops", "hinton2015-distillation"])
def test_a_network_from_scratch_trains_as_the_dense_network_did(method: str):
    whole = plan(methods=(method, "uniform"), network="lenet5", dense_epochs=None, learning_rates=(0.01, 0.02))
    cell, kept = whole.cells[:2]
    assert whole.recipe(cell, 0.01, per_epoch=540).retrain.epochs == HABITS["lenet5"].epochs
    assert whole.recipe(cell, 0.01, per_epoch=15).retrain.epochs == 100  # small data: more epochs, for either
    (recipe,) = whole.candidates(cell, 540).values()
    assert recipe.retrain.optimizer.learning_rate == HABITS["lenet5"].learning_rate
    assert recipe.retrain.learning_rate_warm_up == WARM_UP
    assert [item.retrain.learning_rate_warm_up for item in whole.candidates(kept, 540).values()] == [0.0, 0.0]
    assert [item.retrain.optimizer.learning_rate for item in whole.candidates(kept, 540).values()] == [0.01, 0.02]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"methods": ("nobody2030",)}, "there is no preset `nobody2030`"),
        ({"compressions": (1.0,)}, "more than 1"),
        ({"compressions": (2.0, 4.0, 2.0)}, r"compressions: 2\.0 is given twice"),
        ({"seeds": (0, 0)}, "seeds: 0 is given twice"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(changes, sentence):
    with pytest.raises(ValidationError, match=sentence):
        plan(**changes)


def test_rewound_learning_rates_are_the_dense_training_s_and_need_no_choice():
    whole = plan(methods=("renda2020-lr-rewinding", "frankle2019-lottery"), learning_rates=(0.01, 0.02))
    rewound, ticket = whole.cells[:2]
    assert list(whole.candidates(rewound, 10)) == [""]
    assert list(whole.candidates(ticket, 10)) == ["learning_rate=0.01", "learning_rate=0.02"]


REWINDING = ("frankle2020-late-rewinding", "renda2020-weight-rewinding", "renda2020-lr-rewinding")


def test_methods_that_a_short_training_makes_one_experiment_are_told():
    """Both rewind to a tenth of the dense training at most: theirs are 500 and 1000 steps of far longer ones."""
    rewound = plan(methods=REWINDING, seeds=(0, 1), compressions=(2.0, 4.0))
    (same,) = rewound.same_methods(per_epoch=10)
    assert same == REWINDING[:2]
    assert rewound.same_methods(per_epoch=10_000) == ()
    empty = Comparison(network="lenet300", data="blobs", outcomes=())
    told = to_markdown(empty, [same])
    assert "`frankle2020-late-rewinding`, `renda2020-weight-rewinding`: one experiment under 2 names" in told
    assert "one experiment" not in to_markdown(empty)


@pytest.mark.parametrize(("dense_epochs", "retrain_epochs", "kept"), [(100, 60, 100), (100, 4, 20), (500, 60, 320)])
def test_rewinding_goes_to_a_step_of_both_trainings(dense_epochs: int, retrain_epochs: int, kept: int):
    """To a tenth of the dense training at most, no further than half of what retrains, and where a record is made."""
    chosen = plan(dense_epochs=dense_epochs, retrain_epochs=retrain_epochs)
    recipe = chosen.recipe(Cell(method="frankle2020-late-rewinding", compression=2, seed=0), 0.05, 11)
    assert recipe.dense is not None
    assert recipe.dense.keep_step == kept

"""Counts and budgets of networks whose single weights become zero, worked out by hand."""

import pytest

from backend.domain.criteria import MagnitudeCriterion
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.network import Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.reach import reach
from backend.domain.recipe import Recipe
from backend.domain.retraining import Retrain
from backend.domain.schedules import OneShotSchedule
from backend.domain.targets import MacTarget, ParameterTarget, SparsityTarget, Target
from backend.domain.weights import Budget, WeightModel, weight_count

EMBEDDING = Layer(name="embed", type="embedding", in_width=5, width=4, parameters=20, macs=0, weights=20)
CONV = Layer(
    name="conv",
    type="conv",
    in_width=1,
    width=2,
    kernel=(3, 3),
    output_size=(4, 4),
    parameters=20,
    macs=288,
    weights=18,
)
HEAD = Layer(name="head", type="linear", in_width=6, width=2, parameters=14, macs=12, weights=12)


def summary(*layers: Layer) -> NetworkSummary:
    return NetworkSummary(
        architecture="by hand",
        input_shape=(1, 4, 4),
        class_count=2,
        layers=layers,
        groups=(),
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers) + 10,  # products of activations, which no weight takes part in
    )


def prune(*, embeddings: bool = False, pins: tuple[str, ...] = ()) -> Prune:
    return Prune(
        criterion=MagnitudeCriterion(),
        granularity=UnstructuredGranularity(embeddings=embeddings),
        schedule=OneShotSchedule(),
        pins=pins,
    )


NETWORK = summary(EMBEDDING, CONV, HEAD)


def test_counts_are_those_of_what_is_left():
    counts = WeightModel.of(NETWORK, prune()).counts([10, 3])
    assert counts.weights == 13
    assert counts.parameters == 54 - 8 - 9
    assert counts.macs == 310 - 8 * 16 - 9


def test_embeddings_give_weights_only_where_they_are_asked_to():
    assert WeightModel.of(NETWORK, prune()).dense == (18, 12)
    assert WeightModel.of(NETWORK, prune(embeddings=True)).dense == (20, 18, 12)


def test_budgets_allow_what_fits_down_to_the_last_weight():
    model = WeightModel.of(NETWORK, prune())
    assert model.budget("sparsity", 0.75) == Budget((1, 1), 22)  # of 30 ceil(7.5) go
    assert model.budget("sparsity", 1 - 0.1) == Budget((1, 1), 27)  # rounding takes no weight more
    assert model.budget("parameters", 0.75) == Budget((1, 1), 40 - 24)  # 24 parameters are no such weights
    assert model.budget("macs", 0.5) == Budget((16, 1), 155 - 10)
    assert model.budget("macs", 0.5).need([10, 3]) == 163 - 145


def test_weights_of_layers_from_before_they_were_told_follow_from_the_sizes():
    for layer in (EMBEDDING, CONV, HEAD):
        assert weight_count(layer.model_copy(update={"weights": None})) == layer.weights


@pytest.mark.parametrize(
    ("target", "is_reachable"),
    [
        (SparsityTarget(sparsity=28 / 30), True),  # one weight of each layer stays
        (SparsityTarget(sparsity=0.94), False),
        (ParameterTarget(density=26 / 54), True),  # and what is no weight of theirs
        (ParameterTarget(density=25 / 54), False),
        (MacTarget(density=27 / 310), True),
        (MacTarget(density=26 / 310), False),
    ],
)
def test_a_target_is_reachable_down_to_one_weight_of_every_layer(target: Target, is_reachable: bool):
    recipe = Recipe(target=target, prune=prune(), retrain=Retrain(epochs=1))
    assert reach(NETWORK, recipe).is_reachable is is_reachable


def test_the_nearest_point_is_reachable_and_pins_are_named():
    target = SparsityTarget(sparsity=0.9)
    recipe = Recipe(target=target, prune=prune(pins=("conv",)), retrain=Retrain(epochs=1))
    refused = reach(NETWORK, recipe)
    assert not refused.is_reachable
    assert "10.00% of the weights" in refused.detail
    assert "1 layer kept whole" in refused.detail
    nearest = f"The nearest reachable point is target.sparsity = {refused.nearest:g}"
    assert refused.hint == f"{nearest}; or take layers out of prune.pins."
    nearest = recipe.model_copy(update={"target": SparsityTarget(sparsity=refused.nearest)})
    assert reach(NETWORK, nearest).is_reachable


def test_a_network_without_such_weights_gives_nothing():
    recipe = Recipe(target=SparsityTarget(sparsity=0.5), prune=prune(), retrain=Retrain(epochs=1))
    assert "No target can be reached" in reach(summary(EMBEDDING), recipe).hint

"""How many weights each layer keeps, against closed forms and exact counts."""

from dataclasses import replace
from math import ceil, floor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from backend.domain.allocations import (
    ErkAllocation,
    GlobalAllocation,
    LampAllocation,
    LayerThresholdAllocation,
    UniformAllocation,
)
from backend.domain.weights import Budget, LayerWeights
from worker.engine.allocations.weight_allocation import RankedLayer
from worker.engine.allocations.weight_densities import erk_share
from worker.engine.allocations.weight_ranking import lamp_scores
from worker.engine.catalogue import WEIGHT_ALLOCATIONS

SPECS = [GlobalAllocation(), UniformAllocation(), ErkAllocation(), LampAllocation(), LayerThresholdAllocation()]
LENET300 = [(300, 784), (100, 300), (10, 100)]


def layer(*sizes: tuple[int, ...], scores: list[float] | None = None, floor: int = 1) -> RankedLayer:
    """A dense layer of these tensors; its weights are 1, 2, 3 ... unless they are given (ascending)."""
    count = sum(torch.Size(size).numel() for size in sizes)
    weights = torch.arange(1.0, count + 1) if scores is None else torch.tensor(scores)
    return RankedLayer(
        weights, weights.double().std(correction=0).item(), sizes, LayerWeights(0, count, macs=1, floor=floor)
    )


def row(*scores: float) -> RankedLayer:
    return layer((1, len(scores)), scores=list(scores))


def kept(spec: object, layers: list[RankedLayer], allowance: int, worth: tuple[int, ...] | None = None) -> list[int]:
    return WEIGHT_ALLOCATIONS.make(spec).keep(layers, Budget(worth or (1,) * len(layers), allowance))


def test_lamp_scores_are_squares_over_the_squares_that_are_as_large_or_larger():
    assert lamp_scores(torch.tensor([0.0, 1.0, 2.0, 3.0])).tolist() == pytest.approx([0, 1 / 14, 4 / 13, 1])
    assert lamp_scores(torch.zeros(3)).tolist() == [0, 0, 0]


def test_lamp_ranks_scores_over_all_layers_and_does_not_see_the_scale_of_a_layer():
    # scores 1/14, 4/13, 1 against 1/5, 1
    assert kept(LampAllocation(), [row(1, 2, 3), row(1, 2)], 4) == [2, 2]
    assert kept(LampAllocation(), [row(1, 2, 3), row(1, 2)], 3) == [2, 1]
    assert kept(LampAllocation(), [row(1, 2, 3), row(1, 2)], 2) == [1, 1]
    assert kept(LampAllocation(), [row(100, 200, 300), row(1, 2)], 3) == [2, 1]
    assert kept(GlobalAllocation(), [row(100, 200, 300), row(1, 2)], 4) == [3, 1]


def test_erk_densities_of_lenet300_follow_the_formula():
    layers = [layer(size) for size in LENET300]
    counts = [out * inner for out, inner in LENET300]
    total = sum(counts)
    found = kept(ErkAllocation(), layers, floor(0.1 * total))
    # The classifier would be denser than 1, so it stays whole; the other two share what is left in proportion.
    shares = [(out + inner) / (out * inner) for out, inner in LENET300]
    scale = (floor(0.1 * total) - counts[2]) / (shares[0] * counts[0] + shares[1] * counts[1])
    assert scale * shares[2] > 1
    assert found[2] == counts[2]
    assert found[:2] == [
        pytest.approx(scale * share * count, abs=1) for share, count in zip(shares[:2], counts[:2], strict=True)
    ]
    assert sum(found) == floor(0.1 * total)


def test_erk_counts_a_kernels_sizes_too_and_adds_up_the_matrices_of_a_recurrent_layer():
    assert erk_share([(8, 4, 3, 3)]) == (8 + 4 + 3 + 3) / (8 * 4 * 3 * 3)
    assert erk_share([(16, 4), (16, 8)]) == (16 + 4 + 16 + 8) / (16 * 4 + 16 * 8)


def test_uniform_keeps_the_same_share_of_each_layer_and_gives_what_rounding_leaves_to_who_lost_most():
    # 4.5, 3.0 and 1.5 of 9, 6, 3 at one half: 9 in all, so one of the two halves is made whole, the first.
    assert kept(UniformAllocation(), [layer((3, 3)), layer((2, 3)), layer((1, 3))], 9) == [5, 3, 1]


def test_layer_thresholds_are_one_multiple_of_the_spread_of_each_layer():
    generator = torch.Generator().manual_seed(0)
    layers = [row(*sorted((torch.randn(50, generator=generator).abs() * scale).tolist())) for scale in (0.01, 1, 30)]
    found = kept(LayerThresholdAllocation(), layers, 60)
    gone = [item.scores[: item.count - count] / item.spread for item, count in zip(layers, found, strict=True)]
    stay = [item.scores[item.count - count :] / item.spread for item, count in zip(layers, found, strict=True)]
    assert max(part.max() for part in gone) <= min(part.min() for part in stay)
    assert min(found) > 10  # whatever the scale of a layer


def test_a_global_ranking_stops_at_the_first_weight_that_meets_the_budget_of_operations():
    layers = [row(1, 4, 5), row(2, 3, 6)]
    worth = (10, 1)
    # 33 operations in all; in the order of their scores weights save 10, 1, 1, 10
    assert kept(GlobalAllocation(), layers, 23, worth) == [2, 3]
    assert kept(GlobalAllocation(), layers, 22, worth) == [2, 2]
    assert kept(GlobalAllocation(), layers, 20, worth) == [1, 1]
    assert kept(GlobalAllocation(), layers, 33, worth) == [3, 3]


def test_weights_that_save_nothing_stay_where_they_do_not_have_to_go():
    assert kept(GlobalAllocation(), [row(1, 1, 1), row(2, 3, 4)], 2, (0, 1)) == [3, 2]


def test_equal_scores_go_by_layer():
    assert kept(GlobalAllocation(), [row(1, 1, 1), row(1, 1, 1)], 4) == [1, 3]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    levels=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=2),
    seed=st.integers(0, 100),
)
def test_exactly_as_many_weights_stay_as_the_budget_allows_and_less_budget_keeps_no_more_anywhere(
    spec, counts, levels, seed
):
    generator = torch.Generator().manual_seed(seed)
    layers = [row(*torch.randn(count, generator=generator).abs().sort().values.tolist()) for count in counts]
    before = counts
    for level in sorted(levels, reverse=True):
        allowance = max(len(counts), ceil(level * sum(counts)))
        found = kept(spec, layers, allowance)
        assert sum(found) == allowance
        assert all(1 <= count <= most for count, most in zip(found, before, strict=True))
        layers = [
            RankedLayer(item.scores[item.count - count :], item.spread, item.sizes, item.dense)
            for item, count in zip(layers, found, strict=True)
        ]
        before = found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_layers_that_stay_whole_give_nothing(spec):
    pinned = layer((4, 4), floor=16)
    assert kept(spec, [pinned, layer((5, 5))], 26) == [16, 10]
    assert kept(spec, [pinned, layer((5, 5))], 3) == [16, 1]


def test_factors_multiply_the_shares_and_the_thresholds_of_single_layers():
    first, second = (replace(row(*range(1, 101)), name=name) for name in ("a", "b"))
    assert kept(UniformAllocation(layer_factors=("a=3",)), [first, second], 80) == [60, 20]
    assert kept(UniformAllocation(layer_factors=("a=9",)), [first, second], 150) == [100, 50]  # at most all
    halved = LayerThresholdAllocation(layer_factors=("b=0.5",))
    assert kept(halved, [first, second], 140) == [60, 80]  # 40 is under the threshold in one, 20 in the other
    assert kept(LayerThresholdAllocation(), [first, second], 140) == [70, 70]


@pytest.mark.parametrize("factors", [("a=0",), ("a=1", "a=2"), ("a",)])
def test_factors_of_zero_and_layers_named_twice_are_refused(factors):
    with pytest.raises(ValidationError, match="factor"):
        UniformAllocation(layer_factors=factors)

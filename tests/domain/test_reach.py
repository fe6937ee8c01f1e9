from itertools import pairwise

import pytest

from backend.domain.criteria import MagnitudeCriterion
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.reach import reach
from backend.domain.recipe import Recipe
from backend.domain.retraining import Retrain
from backend.domain.targets import MacTarget, ParameterTarget, SparsityTarget, Target
from backend.domain.thinning import SizeModel


def summary(widths: tuple[int, ...] = (8, 4)) -> NetworkSummary:
    """Fully connected: 10 inputs, hidden widths, 2 outputs, with biases."""
    sizes = (10, *widths, 2)
    pairs = list(pairwise(sizes))
    names = [f"fc{index + 1}" for index in range(len(pairs))]
    layers = tuple(
        Layer(name=name, type="linear", in_width=left, width=right, parameters=(left + 1) * right, macs=left * right)
        for name, (left, right) in zip(names, pairs, strict=True)
    )
    groups = tuple(
        ChannelGroupInfo(name=name, width=width, layers=(name,), consumers=(names[index + 1],))
        for index, (name, width) in enumerate(zip(names, widths, strict=False))
    )
    return NetworkSummary(
        architecture="mlp",
        input_shape=(10,),
        class_count=2,
        layers=layers,
        groups=groups,
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
    )


def recipe(target: Target, minimum_width: int = 2, **limits) -> Recipe:
    return Recipe(
        target=target,
        prune=Prune(criterion=MagnitudeCriterion(), minimum_width=minimum_width, **limits),
        retrain=Retrain(epochs=1),
    )


def test_counts_at_thinner_widths_are_worked_out_by_hand():
    counts = SizeModel.of(summary()).counts({"fc1": 3, "fc2": 2})
    assert counts.macs == 10 * 3 + 3 * 2 + 2 * 2
    assert counts.parameters == 11 * 3 + 4 * 2 + 3 * 2
    assert counts.channels == 5


def test_a_flatten_multiplies_and_a_shared_group_counts_once():
    conv = Layer(
        name="conv", type="conv", in_width=1, width=4, kernel=(3, 3), output_size=(2, 2), parameters=40, macs=144
    )
    skip = conv.model_copy(update={"name": "skip"})
    head = Layer(name="head", type="linear", in_width=16, width=2, parameters=34, macs=32)
    group = ChannelGroupInfo(name="conv", width=4, layers=("conv", "skip"), consumers=("head",))
    network = NetworkSummary(
        architecture="by hand",
        input_shape=(1, 4, 4),
        class_count=2,
        layers=(conv, skip, head),
        groups=(group,),
        parameters=114,
        macs=320,
    )
    counts = SizeModel.of(network).counts({"conv": 3})
    assert counts.macs == 108 + 108 + 2 * 3 * 4
    assert counts.parameters == 30 + 30 + 2 * (3 * 4 + 1)
    assert counts.channels == 3


def test_a_depthwise_layers_fan_in_stays():
    depthwise = Layer(
        name="dw", type="conv", in_width=6, width=6, kernel=(3, 3), output_size=(2, 2), parameters=54, macs=216
    )
    group = ChannelGroupInfo(name="dw", width=6, layers=("dw",), consumers=("dw",))
    network = NetworkSummary(
        architecture="by hand",
        input_shape=(6, 4, 4),
        class_count=2,
        layers=(depthwise,),
        groups=(group,),
        parameters=54,
        macs=216,
    )
    assert SizeModel.of(network).counts({"dw": 3}).macs == 108


def test_spans_say_what_one_unit_holds_of_each_layer():
    # Two heads of 3 channels each: query, key and value in one layer of 18, the projection reads 6; five tokens.
    qkv = Layer(name="qkv", type="linear", in_width=6, width=18, parameters=126, macs=5 * 108)
    out = Layer(name="out", type="linear", in_width=6, width=6, parameters=42, macs=5 * 36)
    heads = ChannelGroupInfo(
        name="qkv", width=2, layers=("qkv",), consumers=("out",), unit="head", output_spans=(9,), input_spans=(3,)
    )
    network = NetworkSummary(
        architecture="by hand",
        input_shape=(5, 6),
        class_count=2,
        layers=(qkv, out),
        groups=(heads,),
        parameters=168,
        macs=720,
    )
    counts = SizeModel.of(network).counts({"qkv": 1})
    assert counts.macs == 5 * (6 * 9 + 3 * 6)
    assert counts.parameters == 9 * 7 + 6 * 4


def test_groups_of_different_spans_share_a_layer():
    head = Layer(name="head", type="linear", in_width=20, width=2, parameters=42, macs=40)
    wide = ChannelGroupInfo(name="a", width=4, layers=("a",), consumers=("head",), output_spans=(1,), input_spans=(4,))
    thin = ChannelGroupInfo(name="b", width=3, layers=("b",), consumers=("head",), output_spans=(1,), input_spans=(1,))
    network = NetworkSummary(
        architecture="by hand",
        input_shape=(4,),
        class_count=2,
        layers=(head,),
        groups=(wide, thin),
        parameters=42,
        macs=40,
    )
    assert SizeModel.of(network).counts({"a": 3, "b": 1}).macs == 2 * (1 + 3 * 4 + 1)


@pytest.mark.parametrize(
    ("target", "is_reachable"),
    [
        (SparsityTarget(sparsity=8 / 12), True),  # 12 channels, 4 stay at width 2
        (SparsityTarget(sparsity=0.7), False),
        (MacTarget(density=28 / 120), True),  # 10*2 + 2*2 + 2*2 of 10*8 + 8*4 + 4*2
        (MacTarget(density=0.23), False),
        (ParameterTarget(density=34 / 134), True),  # 11*2 + 3*2 + 3*2 of 11*8 + 9*4 + 5*2
        (ParameterTarget(density=0.25), False),
    ],
)
def test_a_target_is_reachable_down_to_the_minimum_widths(target, is_reachable):
    assert reach(summary(), recipe(target)).is_reachable is is_reachable


@pytest.mark.parametrize(
    "target", [SparsityTarget(sparsity=0.9), MacTarget(density=0.01), ParameterTarget(density=0.01)]
)
def test_the_nearest_point_is_reachable_and_named(target):
    refused = reach(summary(), recipe(target))
    assert not refused.is_reachable
    assert f"{refused.nearest:g}" in refused.hint
    assert refused.field in refused.hint
    value = "sparsity" if target.kind == "sparsity" else "density"
    nearest = target.model_copy(update={value: refused.nearest})
    assert reach(summary(), recipe(nearest)).is_reachable


@pytest.mark.parametrize("target", [SparsityTarget(sparsity=0.5), MacTarget(density=0.5)])
def test_where_nothing_can_be_removed_no_target_is_offered(target):
    refused = reach(summary(), recipe(target, minimum_width=100))
    assert refused.hint == "No target can be reached: lower prune.minimum_width."


def test_layers_thinner_than_the_minimum_stay_as_they_are():
    result = reach(summary((8, 1)), recipe(SparsityTarget(sparsity=0.5), minimum_width=3))
    assert result.floor.channels == 4


def test_rounding_does_not_put_an_exact_target_out_of_reach():
    assert 1 - 0.9 < 1 / 10  # what floating point makes of it
    assert reach(summary((9, 1)), recipe(SparsityTarget(sparsity=0.8), minimum_width=1)).is_reachable
    assert reach(summary((10, 10)), recipe(SparsityTarget(sparsity=0.9), minimum_width=1)).is_reachable


def test_pins_keep_whole_groups_and_the_nearest_point_follows():
    refused = reach(summary(), recipe(SparsityTarget(sparsity=0.6), pins=("fc1",)))
    assert (refused.floor.channels, refused.nearest) == (8 + 2, 0.1666)
    assert "1 layer kept whole" in refused.detail
    assert refused.hint.endswith("; or take layers out of prune.pins.")
    assert reach(summary(), recipe(SparsityTarget(sparsity=refused.nearest), pins=("fc1",))).is_reachable


def test_with_every_layer_pinned_no_target_can_be_reached():
    refused = reach(summary(), recipe(MacTarget(density=0.5), pins=("fc1", "fc2")))
    assert refused.hint == "No target can be reached: take layers out of prune.pins."


def test_a_width_multiple_raises_the_floor_and_is_named():
    refused = reach(summary((20, 8)), recipe(SparsityTarget(sparsity=0.6), width_multiple=8))
    assert refused.floor.channels == 8 + 8
    assert "widths at multiples of 8" in refused.detail
    assert "lower prune.width_multiple" in refused.hint


MINIMUM, MULTIPLE, PINS = "lower prune.minimum_width", "lower prune.width_multiple", "take layers out of prune.pins"


@pytest.mark.parametrize(
    ("widths", "sparsity", "limits", "ways"),
    [
        ((16, 16), 0.9, {}, (MINIMUM,)),  # 2 of 16 stay at 2, 1 at 1
        ((16, 16), 0.6, {"width_multiple": 8}, (MULTIPLE,)),  # 8 stay whatever the minimum width
        ((16, 16), 0.6, {"width_multiple": 8, "minimum_width": 8}, (f"{MINIMUM} and {MULTIPLE}",)),
        ((16, 16), 0.6, {"pins": ("fc1",)}, (PINS,)),
        ((16, 16), 0.46, {"pins": ("fc1",), "minimum_width": 2}, (MINIMUM, PINS)),  # 17 or 4 of 32
        ((16, 16), 0.6, {"pins": ("fc3",), "minimum_width": 8}, (MINIMUM,)),  # the last layer gives nothing anyway
        ((16, 16), 0.99, {}, (f"{MINIMUM} to come nearer",)),
        ((16, 16), 0.99, {"minimum_width": 1}, ()),
        ((16, 16), 0.5, {}, ()),
    ],
)
def test_only_ways_that_help_are_named(widths: tuple[int, ...], sparsity: float, limits, ways: tuple[str, ...]):
    answer = reach(summary(widths), recipe(SparsityTarget(sparsity=sparsity), **limits))
    assert answer.ways == ways
    assert answer.is_reachable or answer.hint.count(";") == len(ways[:1])


def test_where_every_channel_is_locked_another_granularity_is_named():
    for network in (summary().model_copy(update={"groups": ()}), summary((1, 1))):
        answer = reach(network, recipe(MacTarget(density=0.5)))
        assert not answer.is_reachable
        assert "every channel locked" in answer.detail
        assert "`unstructured`" in answer.hint

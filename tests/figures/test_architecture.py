import itertools

import pytest

from backend.domain.network import LockInfo, NetworkSummary
from backend.figures.architecture import draw_architecture

THIN = {"conv1": 1, "conv2": 1}


def bars(figure):
    return {trace.name: trace for trace in figure.data if trace.type == "bar"}


def test_a_block_is_as_tall_as_its_layer_is_wide_and_as_deep_as_its_share_of_the_macs(network: NetworkSummary):
    blocks = bars(draw_architecture(network))
    coupled = blocks["coupled with conv1"]
    assert list(coupled.y) == [4, 4]
    assert list(coupled.base) == [-2, -2]
    assert list(coupled.width) == pytest.approx([3600 / 6000, 1600 / 6000])
    assert list(blocks["not prunable"].y) == [2]


def test_blocks_stand_in_forward_order_without_touching(network: NetworkSummary):
    edges = [
        (center - width / 2, center + width / 2)
        for trace in bars(draw_architecture(network)).values()
        for center, width in zip(trace.x, trace.width, strict=True)
    ]
    assert edges == sorted(edges)
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(edges))


def test_coupled_layers_share_a_color_that_fixed_layers_do_not_have(network: NetworkSummary):
    blocks = bars(draw_architecture(network))
    assert list(blocks["coupled with conv1"].customdata) == ["conv1", "conv2"]
    assert blocks["coupled with conv1"].marker.color != blocks["not prunable"].marker.color


def test_locked_layers_are_gray_though_they_are_coupled(network: NetworkSummary):
    locks = tuple(LockInfo(layer=name, reason="`add` ties all its channels") for name in ("conv1", "conv2"))
    blocks = bars(draw_architecture(network.model_copy(update={"locks": locks})))
    assert set(blocks) == {"not prunable"}


def test_a_layer_that_is_coupled_with_none_is_called_independent(network: NetworkSummary):
    group = network.groups[0].model_copy(update={"layers": ("conv1",)})
    second = network.layers[1].model_copy(update={"group": None})
    alone = network.model_copy(update={"groups": (group,), "layers": (network.layers[0], second, network.layers[2])})
    assert list(bars(draw_architecture(alone))["independent"].customdata) == ["conv1"]


def test_a_thinned_network_stands_in_front_of_the_dense_outline(network: NetworkSummary):
    figure = draw_architecture(network, THIN)
    assert figure.data[0].name == "dense"
    assert list(figure.data[0].y) == [4, 4, 2]
    assert list(bars(figure)["coupled with conv1"].y) == [1, 1]


def test_the_dense_network_has_no_outline(network: NetworkSummary):
    assert "dense" not in bars(draw_architecture(network))


def test_hover_labels_count_the_macs_that_are_left_by_both_widths(network: NetworkSummary):
    labels = bars(draw_architecture(network, THIN))["coupled with conv1"].text
    assert "1 of 4 channels" in labels[0]
    assert "900 of 3,600 MACs" in labels[0]  # a quarter of the outputs
    assert "100 of 1,600 MACs" in labels[1]  # and a quarter of the inputs


def test_names_are_text_and_never_markup(network: NetworkSummary):
    evil = network.layers[2].model_copy(update={"name": "<img src=x>"})
    figure = draw_architecture(network.model_copy(update={"layers": (*network.layers[:2], evil)}))
    assert "<img" not in figure.to_json().replace("\\u003c", "<")


def test_no_layers_make_an_empty_figure(network: NetworkSummary):
    nothing = network.model_copy(update={"layers": (), "groups": (), "macs": 0, "parameters": 0})
    assert not bars(draw_architecture(nothing))

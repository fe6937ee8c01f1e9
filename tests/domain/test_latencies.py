"""Times of layers in a recipe: what is refused, and in which words."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.domain.latencies import Latency, latency_misfit
from backend.domain.network import Layer, NetworkSummary
from backend.domain.recipe import Recipe

LATENCY_COST = {"criterion": {"kind": "fisher"}, "cost": {"kind": "parameter_free", "counted": "latency"}}
GATES = {"epochs": 1, "regularizer": {"kind": "l0_hard_concrete", "counted": "latency"}}
LEARNED = {"criterion": {"kind": "learned"}}


def network(*names: str) -> NetworkSummary:
    return NetworkSummary(
        architecture="small",
        input_shape=(1, 8, 8),
        class_count=2,
        layers=tuple(Layer(name=name, type="conv", in_width=4, width=4, parameters=1, macs=1) for name in names),
        groups=(),
        parameters=len(names),
        macs=len(names),
    )


def recipe(**sections: Any) -> Recipe:
    fixed = {"target": {"kind": "macs", "density": 0.5}, "retrain": {"epochs": 1}}
    return Recipe.model_validate(fixed | sections)


def test_times_are_read_by_layer_whatever_their_order() -> None:
    first, second = Latency(layers=("fc=0.1", "conv1=2.5e-3")), Latency(layers=("conv1=2.5e-3", "fc=0.1"))
    assert first == second
    assert first.milliseconds == {"conv1": 0.0025, "fc": 0.1}


@pytest.mark.parametrize(
    "item", ["conv1", "conv1=", "=1", "conv1=0", "conv1=-1", "conv1=nan", "conv1=1e999", "conv1=x"]
)
def test_what_is_no_layer_with_a_time_above_zero_is_quoted(item: str) -> None:
    with pytest.raises(ValidationError, match=rf"`{item}` is no layer with a time above zero; write .*`conv1=0\.35`"):
        Latency(layers=("fc=1", item))


def test_a_layer_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="the layer `fc` is named twice; keep one of its times"):
        Latency(layers=("fc=1", "conv1=1", "fc=2"))


def test_a_layer_that_is_not_there_names_the_nearest() -> None:
    found = latency_misfit(network("conv1", "fc"), Latency(layers=("conf1=1", "fc=1")))
    assert found is not None
    assert "`conf1`" in found.detail
    assert "`conv1`" in found.detail


def test_missing_layers_are_named_with_a_way_to_get_their_times() -> None:
    found = latency_misfit(network("a", "b", "c", "d", "e"), Latency(layers=("a=1",)))
    assert found is not None
    assert found.detail == "latency.layers tells no time of `b`, `c`, `d` and 1 more."
    assert "secateur latency" in found.hint


def test_times_behind_layers_that_are_not_there_name_their_own_list() -> None:
    found = latency_misfit(network("conv1", "fc"), Latency(layers=("conv1=1", "fc=1"), behind=("conf1=1",)))
    assert found is not None
    assert (found.field, found.hint) == ("latency.behind", "Correct latency.behind.")
    assert "`conf1`" in found.detail


def test_times_behind_layers_alone_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"latency\.layers none of the layers themselves: tell both, or neither"):
        Latency(behind=("conv1=1",))


def test_a_recipe_that_tells_nothing_behind_its_layers_keeps_its_fingerprint() -> None:
    plain, told, behind = (
        recipe(prune=LATENCY_COST, latency={"layers": ["a=1"]} | more)
        for more in ({}, {"behind": []}, {"behind": ["a=2"]})
    )
    assert plain.fingerprint() == told.fingerprint() != behind.fingerprint()


def test_no_list_and_a_whole_list_fit() -> None:
    summary = network("a", "b")
    assert latency_misfit(summary, None) is None
    assert latency_misfit(summary, Latency()) is None
    assert latency_misfit(summary, Latency(layers=("a=1", "b=2"))) is None


def test_times_that_nothing_counts_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"latency: neither prune\.cost nor sparsify\.regularizer counts latency"):
        recipe(prune={"criterion": {"kind": "fisher"}}, latency={})
    assert recipe(prune=LATENCY_COST, latency={}).latency == Latency()
    assert recipe(prune=LEARNED, sparsify=GATES, latency={"batch_size": 8}).latency == Latency(batch_size=8)


def test_single_weights_save_no_time() -> None:
    loose = {"granularity": {"kind": "unstructured"}, "schedule": {"kind": "one_shot"}}
    gates = {"prune": {"criterion": {"kind": "magnitude"}} | loose, "sparsify": GATES}
    with pytest.raises(ValidationError, match=r"sparsify\.regularizer\.counted: .* prune\.granularity `unstructured`"):
        recipe(**gates)
    with pytest.raises(ValidationError, match=r"prune\.cost: .* prune\.granularity `unstructured` saves no time"):
        recipe(prune=LATENCY_COST | loose)


def test_what_is_counted_and_its_times_are_part_of_a_recipes_identity() -> None:
    def fingerprint(counted: str, **sections: Any) -> str:
        cost = {"kind": "parameter_free", "counted": counted}
        return recipe(prune={"criterion": {"kind": "fisher"}, "cost": cost}, **sections).fingerprint()

    written_out = recipe(prune={"criterion": {"kind": "fisher"}, "cost": {"kind": "parameter_free"}}).fingerprint()
    assert fingerprint("operations") == fingerprint("operations", latency=None) == written_out
    different = [
        fingerprint("operations"),
        fingerprint("latency"),
        fingerprint("latency", latency={"batch_size": 2}),
        fingerprint("latency", latency={"layers": ["a=1"]}),
        fingerprint("latency", latency={"layers": ["a=2"]}),
    ]
    assert len(set(different)) == len(different)

"""A criterion that reads at activations is refused where they cannot be read."""

import pytest

from backend.domain.costs import FixedCost
from backend.domain.criteria import (
    BatchNormScaleCriterion,
    FisherCriterion,
    MagnitudeCriterion,
    ObdCriterion,
    RandomCriterion,
    TaylorCriterion,
    TaylorSquaredCriterion,
)
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.readability import unreadable

LAYERS = ("embed", "lstm", "fc")


def summary(
    *, is_readable: bool | None = False, batch_norms: tuple[str, ...] | None = None, takes_gates: bool | None = None
) -> NetworkSummary:
    return NetworkSummary(
        architecture="reader",
        input_shape=(7,),
        class_count=2,
        layers=tuple(Layer(name=name, type="linear", in_width=8, width=8, parameters=72, macs=64) for name in LAYERS),
        groups=(
            ChannelGroupInfo(name="embed", width=8, layers=("embed",), consumers=("lstm",)),
            ChannelGroupInfo(
                name="lstm",
                width=8,
                layers=("lstm",),
                consumers=("fc",),
                unit="hidden",
                batch_norms=batch_norms,
                takes_gates=takes_gates,
                is_readable=is_readable,
            ),
        ),
        parameters=216,
        macs=192,
    )


@pytest.mark.parametrize("criterion", [FisherCriterion(), TaylorCriterion(), TaylorSquaredCriterion()])
def test_what_reads_activations_is_refused_for_units_that_cannot_be_read_and_the_sentence_names_layer_and_ways_out(
    criterion,
):
    missing = unreadable(summary(), Prune(criterion=criterion))
    assert missing is not None
    assert f"`{criterion.kind}` cannot score the hidden units of `lstm`" in missing.detail
    assert missing.hint.startswith("Choose the criterion `obd` or `magnitude`, or learn a gate for every channel")
    assert "prune.pins" in missing.hint


def test_what_is_offered_for_hidden_units_suits_the_cost_and_the_gates_that_there_can_be():
    costly = Prune(criterion=FisherCriterion(), cost=FixedCost())
    assert "`obd` or `magnitude` with prune.cost `none`, or learn" in unreadable(summary(), costly).hint
    bare = unreadable(summary(takes_gates=False), Prune(criterion=FisherCriterion()))
    assert bare.hint == "Choose the criterion `obd` or `magnitude`, or add these layers to prune.pins."


@pytest.mark.parametrize(
    "prune",
    [
        Prune(criterion=MagnitudeCriterion()),
        Prune(criterion=RandomCriterion()),
        Prune(criterion=FisherCriterion(), pins=("lstm",)),
    ],
)
def test_other_criteria_and_pinned_layers_are_not_refused(prune):
    assert unreadable(summary(), prune) is None


@pytest.mark.parametrize("is_readable", [True, None])
def test_units_that_can_be_read_or_of_which_it_is_not_known_are_not_refused(is_readable):
    assert unreadable(summary(is_readable=is_readable), Prune(criterion=FisherCriterion())) is None


def test_batch_norm_scales_are_refused_where_no_batch_norm_is_and_the_sentence_offers_gates():
    missing = unreadable(summary(batch_norms=()), Prune(criterion=BatchNormScaleCriterion()))
    assert missing is not None
    assert missing.detail == (
        "The criterion `batch_norm_scale` cannot score the channels of `lstm`: no batch norm scales them."
    )
    assert "learn a gate for every channel" in missing.hint


@pytest.mark.parametrize(("is_readable", "offered"), [(False, "obd"), (True, "fisher")])
def test_a_criterion_in_place_of_scales_is_one_that_the_network_does_not_refuse(is_readable, offered):
    asked = summary(is_readable=is_readable, batch_norms=(), takes_gates=False)
    missing = unreadable(asked, Prune(criterion=BatchNormScaleCriterion()))
    assert missing.hint == f"Choose another criterion, such as `{offered}`, or add these layers to prune.pins."
    other = {"obd": ObdCriterion(), "fisher": FisherCriterion()}[offered]
    assert unreadable(asked, Prune(criterion=other)) is None


@pytest.mark.parametrize(
    ("batch_norms", "pins"),
    [(("norm",), ()), ((), ("lstm",)), (None, ())],
)
def test_batch_norms_that_are_there_or_unknown_and_pinned_layers_are_not_refused(batch_norms, pins):
    assert unreadable(summary(batch_norms=batch_norms), Prune(criterion=BatchNormScaleCriterion(), pins=pins)) is None

"""A criterion that reads at activations is refused where there are none to read."""

import pytest

from backend.domain.criteria import (
    BatchNormScaleCriterion,
    FisherCriterion,
    MagnitudeCriterion,
    RandomCriterion,
    TaylorCriterion,
    TaylorSquaredCriterion,
)
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.readability import unreadable

LAYERS = ("embed", "lstm", "fc")


def summary(unit: str = "hidden", batch_norms: tuple[str, ...] | None = None) -> NetworkSummary:
    return NetworkSummary(
        architecture="reader",
        input_shape=(7,),
        class_count=2,
        layers=tuple(Layer(name=name, type="linear", in_width=8, width=8, parameters=72, macs=64) for name in LAYERS),
        groups=(
            ChannelGroupInfo(name="embed", width=8, layers=("embed",), consumers=("lstm",)),
            ChannelGroupInfo(
                name="lstm", width=8, layers=("lstm",), consumers=("fc",), unit=unit, batch_norms=batch_norms
            ),
        ),
        parameters=216,
        macs=192,
    )


@pytest.mark.parametrize("criterion", [FisherCriterion(), TaylorCriterion(), TaylorSquaredCriterion()])
def test_what_reads_activations_is_refused_for_hidden_units_and_the_sentence_names_layer_and_ways_out(
    criterion,
):
    missing = unreadable(summary(), Prune(criterion=criterion))
    assert missing is not None
    assert f"`{criterion.kind}` cannot score the hidden units of `lstm`" in missing.detail
    assert "`magnitude`" in missing.hint
    assert "prune.pins" in missing.hint


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


def test_fisher_reads_every_other_unit():
    assert unreadable(summary("head"), Prune(criterion=FisherCriterion())) is None


def test_batch_norm_scales_are_refused_where_no_batch_norm_is_and_the_sentence_offers_gates():
    missing = unreadable(summary(batch_norms=()), Prune(criterion=BatchNormScaleCriterion()))
    assert missing is not None
    assert missing.detail == (
        "The criterion `batch_norm_scale` cannot score the channels of `lstm`: no batch norm scales them."
    )
    assert "learn a gate for every channel" in missing.hint


@pytest.mark.parametrize(
    ("batch_norms", "pins"),
    [(("norm",), ()), ((), ("lstm",)), (None, ())],
)
def test_batch_norms_that_are_there_or_unknown_and_pinned_layers_are_not_refused(batch_norms, pins):
    assert unreadable(summary(batch_norms=batch_norms), Prune(criterion=BatchNormScaleCriterion(), pins=pins)) is None

"""A criterion that reads at activations is refused where there are none to read."""

import pytest

from backend.domain.criteria import FisherCriterion, MagnitudeCriterion, RandomCriterion
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.readability import unreadable

LAYERS = ("embed", "lstm", "fc")


def summary(unit: str = "hidden") -> NetworkSummary:
    return NetworkSummary(
        architecture="reader",
        input_shape=(7,),
        class_count=2,
        layers=tuple(Layer(name=name, type="linear", in_width=8, width=8, parameters=72, macs=64) for name in LAYERS),
        groups=(
            ChannelGroupInfo(name="embed", width=8, layers=("embed",), consumers=("lstm",)),
            ChannelGroupInfo(name="lstm", width=8, layers=("lstm",), consumers=("fc",), unit=unit),
        ),
        parameters=216,
        macs=192,
    )


def test_fisher_is_refused_for_hidden_units_and_the_sentence_names_the_layer_and_the_ways_out():
    missing = unreadable(summary(), Prune(criterion=FisherCriterion()))
    assert missing is not None
    assert "`fisher` cannot score the hidden units of `lstm`" in missing.detail
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

"""The import report: what can go, with what, or what holds it."""

import pytest

from backend.domain.import_report import import_report
from backend.domain.network import ChannelGroupInfo, LockInfo
from tests.domain.test_reach import summary


def test_the_counts_are_worked_out_by_hand() -> None:
    # Widths 10-8-4-2 down to 10-2-2-2: 120 MACs become 28, 134 parameters become 34.
    report = import_report(summary())
    assert (report.channels, report.removable_channels, report.minimum_width) == (12, 8, 2)
    assert report.removable_macs == pytest.approx(92 / 120)
    assert report.removable_parameters == pytest.approx(100 / 134)
    assert report.warning is None
    assert [verdict.removable_channels for verdict in report.layers] == [6, 2, 0]
    assert [verdict.removable_macs for verdict in report.layers] == pytest.approx([60 / 120, 28 / 120, 4 / 120])
    assert sum(verdict.removable_macs for verdict in report.layers) == pytest.approx(report.removable_macs)


def test_layers_are_prunable_coupled_or_locked() -> None:
    network = summary((4, 4))
    shared = ChannelGroupInfo(name="fc1", width=4, layers=("fc1", "fc2"), consumers=("fc2", "fc3"), inexact=("norm",))
    lock = LockInfo(layer="fc3", reason="they are the answer", operation="view", node="view_1", place="net.py:7")
    first, second, last = import_report(network.model_copy(update={"groups": (shared,), "locks": (lock,)})).layers
    assert (first.status, first.coupled_with, first.inexact) == ("coupled", ("fc2",), ("norm",))
    assert (second.status, second.coupled_with) == ("coupled", ("fc1",))
    assert (last.status, last.lock) == ("locked", lock)
    assert [verdict.status for verdict in import_report(network).layers] == ["prunable", "prunable", "locked"]


def test_a_layer_of_a_model_read_before_reasons_were_kept_says_so() -> None:
    lock = import_report(summary()).layers[-1].lock
    assert lock is not None
    assert "Upload it again" in lock.reason


def test_where_nothing_can_go_the_report_says_so() -> None:
    network = summary().model_copy(update={"groups": ()})
    report = import_report(network)
    assert (report.channels, report.removable_macs) == (0, 0.0)
    assert report.warning is not None
    assert report.warning.startswith("No channel can be removed: every layer is locked. The table says by what. Single")
    assert report.removable_weights == 120 - 3  # one weight of each layer stays


@pytest.mark.parametrize(
    ("width", "details", "reason"),
    [
        (1, {}, "there is only one channel, and one stays"),
        (1, {"unit": "head"}, "there is only one head, and one stays"),
        (4, {"unit": "group", "multiple": 4}, "there are only 4 groups, which go together or not at all"),
        (2, {}, "there are only 2 channels, and prune.minimum_width keeps 2"),
    ],
)
def test_layers_at_the_fewest_units_are_locked_and_say_why(width: int, details: dict[str, object], reason: str) -> None:
    network = summary((4, width))
    both = ChannelGroupInfo(name="fc1", width=width, layers=("fc1", "fc2"), consumers=("fc2", "fc3"), **details)
    verdicts = import_report(network.model_copy(update={"groups": (both,)})).layers
    for verdict in verdicts[:2]:
        assert (verdict.status, verdict.removable_channels, verdict.inexact) == ("locked", 0, ())
        assert verdict.lock is not None
        assert verdict.lock.reason == reason


def test_where_little_can_go_the_largest_locked_layers_are_named() -> None:
    network = summary((8, 4))
    report = import_report(network.model_copy(update={"groups": network.groups[1:]}))
    # Only fc2 may shrink from 4 to 2: 8 * 2 + 2 * 2 of 120 MACs go.
    assert report.removable_macs == pytest.approx(20 / 120)
    assert report.warning == "Only 16.7% of the MACs can go. The largest locked layers are `fc1`, `fc3`."

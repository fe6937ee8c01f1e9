"""What a network's summary says of groups, locks and counts, against the network itself."""

import pytest
import torch
from torch import nn

from backend.domain.bounds import width_bounds
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.import_report import import_report
from backend.domain.thinning import Counts, SizeModel
from tests.engine.constructs import BY_NAME, CONSTRUCTS, Construct, construct_name
from tests.engine.runs import blobs, collect_run, recipe, small_lenet
from tests.engine.zoo_cases import captured
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.coupling import find_groups
from worker.engine.network import Network, capture, summarize
from worker.engine.surgery import remove
from worker.report_text import report_lines

MIXER = BY_NAME["mixer"]
"""Its token-mixing layers are used once for every channel, so their operations follow a width that is not theirs."""


class Ignoring(nn.Module):
    """It takes a mask that it never reads."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.fc = nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(self, vector: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.relu(self.hidden(vector)))


def test_an_input_that_is_never_read_is_said_to_be_unused() -> None:
    summary = summarize(capture(Ignoring(), (torch.zeros(2, 8), torch.zeros(2, 4)), "ignoring"))
    assert [(info.name, info.is_used) for info in summary.inputs] == [("vector", True), ("mask", False)]
    line = next(report_lines(summary, import_report(summary)))
    assert "inputs `vector` 8, `mask` 4 (not used), 3 classes" in line


def halved(network: Network) -> tuple[Counts, Network]:
    """What the summary says of a network at half its widths, and the network itself."""
    keep = {
        group.name: torch.arange(group.width) < max(1, group.width // 2 // group.multiple) * group.multiple
        for group in find_groups(network)
    }
    assert keep
    counts = SizeModel.of(summarize(network)).counts({name: int(mask.sum()) for name, mask in keep.items()})
    return counts, remove(network, keep)


@pytest.mark.parametrize("construct", [item for item in CONSTRUCTS if item is not MIXER], ids=construct_name)
def test_counts_at_thinner_widths_are_those_of_the_network_cut_to_them(construct: Construct) -> None:
    counts, thinner = halved(construct.network())
    assert (counts.macs, counts.parameters) == (count_macs(thinner), count_parameters(thinner))


def test_where_operations_are_not_exact_they_are_not_promised_too_low() -> None:
    counts, thinner = halved(MIXER.network())
    assert counts.parameters == count_parameters(thinner)
    assert counts.macs >= count_macs(thinner)


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_every_layer_has_a_verdict_and_what_the_layers_lose_is_no_more_than_what_goes(construct: Construct) -> None:
    summary = summarize(construct.network())
    report = import_report(summary)
    assert [verdict.layer for verdict in report.layers] == [layer.name for layer in summary.layers]
    assert 0 < report.removable_macs < 1
    assert sum(verdict.removable_macs for verdict in report.layers) <= report.removable_macs + 1e-9
    assert all((verdict.lock is None) == (verdict.status != "locked") for verdict in report.layers)
    assert all(verdict.groups or verdict.lock for verdict in report.layers)


def test_a_lock_names_the_operation_that_holds_the_channels() -> None:
    class Sorted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(torch.softmax(self.first(x), 1))

    summary = summarize(captured(Sorted().eval(), (4,)))
    first, last = import_report(summary).layers
    assert (first.status, last.status) == ("locked", "locked")
    assert first.lock is not None
    assert first.lock.reason
    assert last.lock is not None
    assert "answer" in last.lock.reason


def test_pins_and_a_width_multiple_shape_the_networks_of_every_point() -> None:
    network = small_lenet(widths=(16, 20, 24))
    prune = {
        "criterion": {"kind": "fisher"},
        "schedule": {"kind": "greedy", "training_steps": 1, "channels": 4},
        "points": 2,
        "pins": ["conv1"],
        "width_multiple": 8,
    }
    target = {"kind": "sparsity", "sparsity": 0.3}
    points = collect_run(network, blobs(), recipe(prune=prune, target=target)).points
    widths = [point.point.widths for point in points]
    assert [width[0] for width in widths] == [16, 16, 16]
    assert widths[0] == (16, 20, 24, 4)
    assert all(conv2 in {20, 16, 8} and fc1 in {24, 16, 8} for _, conv2, fc1, _ in widths)
    assert points[-1].point.sparsity >= 0.3
    assert points[-1].point.macs == count_macs(points[-1].network)
    bounds = width_bounds(summarize(network), recipe(prune=prune).prune)
    assert [found.floor for found in bounds.values()] == [16, 8, 8]


def test_a_run_with_an_unknown_pin_is_refused_before_any_training() -> None:
    chosen = recipe(prune={"criterion": {"kind": "magnitude"}, "pins": ["conv3"]})
    with pytest.raises(JobFailure, match="did you mean `conv2`") as refusal:
        collect_run(small_lenet(), blobs(), chosen)
    assert refusal.value.code is FailureCode.INVALID_RECIPE


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_layer_widths_at_thinner_groups_are_those_of_the_network_cut_to_them(construct: Construct) -> None:
    network = construct.network()
    widths = {group.name: max(1, group.width // 2 // group.multiple) * group.multiple for group in find_groups(network)}
    keep = {group.name: torch.arange(group.width) < widths[group.name] for group in find_groups(network)}
    told = SizeModel.of(summarize(network)).layer_widths(widths)
    assert told == tuple(layer.width for layer in count_layers(remove(network, keep)))

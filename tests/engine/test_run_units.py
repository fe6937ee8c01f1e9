"""Runs over heads and hidden units, and how far masking is from removal."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from backend.domain.import_report import import_report
from tests.engine.constructs import BY_NAME
from tests.engine.runs import CPU, blobs, collect_run, recipe
from worker.engine.coupling import find_groups
from worker.engine.difference import removal_difference, with_differences
from worker.engine.network import Network, build, capture, summarize
from worker.engine.trainee import Trainee
from worker.report_text import report_lines

SHAPE = (3, 16, 16)
pytestmark = pytest.mark.filterwarnings("ignore:The tensor attributes")  # tracing an LSTM flattens its weights


class Reader(nn.Module):
    """A convolution whose rows an LSTM reads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.lstm = nn.Conv2d(3, 4, 4, stride=4), nn.LSTM(16, 8, batch_first=True)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        rows = torch.relu(self.conv(x)).transpose(1, 2).flatten(2)
        return self.fc(self.lstm(rows)[0][:, -1])


@cache
def reader() -> Network:
    torch.manual_seed(0)
    return capture(Reader(), (torch.zeros(2, *SHAPE),), "reader")


def prune(criterion: str, **changes: object) -> dict[str, object]:
    schedule = {"kind": "one_shot", "training_steps": 1}
    return {"criterion": {"kind": criterion}, "schedule": schedule, "points": 1} | changes


def half(criterion: str, **changes: object) -> object:
    return recipe(target={"kind": "sparsity", "sparsity": 0.4}, prune=prune(criterion, **changes))


def test_a_run_thins_hidden_units_and_its_counts_are_true():
    result = collect_run(reader(), blobs(shape=SHAPE), half("magnitude"))
    finished = result.points[-1]
    summary = summarize(finished.network)
    assert sum(group.width for group in summary.groups) <= 0.6 * 12
    assert (summary.macs, summary.parameters) == (finished.point.macs, finished.point.parameters)
    assert any(channel.startswith("lstm:") for record in result.records for channel in record.removed)
    hidden = finished.network.tensors["lstm.weight_hh_l0"]
    assert hidden.shape[0] == 4 * hidden.shape[1] < 32


def test_hidden_units_go_at_once():
    trainee = Trainee(reader(), CPU)
    trainee.turn_off([("conv", 1)])
    assert trainee.network().tensors["conv.weight"].shape[0] == 4
    trainee.turn_off([("lstm", 2), ("lstm", 5)])
    assert trainee.masks.physical_widths == {"conv": 3, "lstm": 6}
    assert trainee.module(torch.zeros(2, *SHAPE)).shape == (2, 4)


@pytest.mark.parametrize(
    ("criterion", "sections"),
    [
        ("obd", {}),
        ("magnitude", {}),
        ("fisher", {}),
        ("taylor", {}),
        ("learned", {"sparsify": {"epochs": 1, "regularizer": {"kind": "l0_hard_concrete", "strength": 5.0}}}),
    ],
)
def test_criteria_thin_hidden_units(criterion, sections):
    target = {"kind": "sparsity", "sparsity": 0.4}
    chosen = recipe(target=target, prune=prune(criterion, pins=["conv"]), **sections)
    finished = collect_run(reader(), blobs(shape=SHAPE), chosen).points[-1]
    assert finished.network.tensors["conv.weight"].shape[0] == 4
    assert finished.network.tensors["lstm.weight_hh_l0"].shape[1] < 8


def test_what_is_told_of_hidden_units_is_their_information():
    steps = collect_run(reader(), blobs(shape=SHAPE), half("fisher")).records
    masses = [step.fisher_mass for step in steps if step.fisher_mass]
    assert masses
    assert all(of_conv > 0 and of_lstm > 0 and of_fc is None for of_conv, of_lstm, of_fc in masses)


def test_fisher_prunes_the_rest_when_the_recurrent_layer_is_pinned():
    chosen = recipe(target={"kind": "sparsity", "sparsity": 0.1}, prune=prune("fisher", pins=["lstm"], minimum_width=1))
    finished = collect_run(reader(), blobs(shape=SHAPE), chosen).points[-1]
    assert finished.network.tensors["conv.weight"].shape[0] < 4
    assert finished.network.tensors["lstm.weight_hh_l0"].shape == (32, 8)


def test_fisher_removes_whole_heads():
    network = BY_NAME["fused_attention"].network()
    result = collect_run(network, blobs(shape=SHAPE, classes=5), half("fisher", minimum_width=1))
    thin = result.points[-1].network
    widths = {group.name: group.width for group in find_groups(thin)}
    assert sum(widths.values()) <= 0.6 * 35
    assert summarize(thin).parameters == result.points[-1].point.parameters
    assert thin.tensors["qkv.weight"].shape[0] == 12 * widths["qkv"]
    assert build(thin)(torch.zeros(2, *SHAPE)).shape == (2, 5)


@pytest.mark.parametrize("name", ["fused_attention", "grouped_query_attention", "encoder"])
def test_masking_differs_from_removal_only_where_it_is_said(name):
    network = BY_NAME[name].network()
    for group in find_groups(network):
        keep = torch.arange(group.width) % 2 == 0
        difference = removal_difference(network, group, keep)
        assert difference == removal_difference(network, group, keep)
        assert difference > 1e-4 if group.inexact else difference < 1e-5


def test_hidden_units_are_never_masked():
    (group,) = (group for group in find_groups(reader()) if group.unit == "hidden")
    assert removal_difference(reader(), group, torch.arange(8) < 3) == 0


def test_the_report_says_by_how_much_masking_differs():
    network = BY_NAME["encoder"].network()
    report = import_report(with_differences(network, summarize(network)))
    told = [verdict.difference for verdict in report.layers if verdict.inexact]
    assert told
    assert all(difference is not None and 1e-4 < difference < 2 for difference in told)
    assert all(verdict.difference is None for verdict in report.layers if not verdict.inexact)
    assert any(f"by {told[0]:.1%} of the scores" in line for line in report_lines(summarize(network), report))


def test_differences_of_large_networks_are_not_measured(monkeypatch):
    network = BY_NAME["encoder"].network()
    monkeypatch.setattr("worker.engine.difference._MOST_MACS", 1)
    summary = summarize(network)
    assert with_differences(network, summary) == summary

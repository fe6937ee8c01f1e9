"""Runs of networks that give more than their class scores."""

import pytest
import torch
from torch import Tensor, nn

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.runs import CPU, blobs, collect_run, recipe
from worker.engine.network import build, capture, summarize
from worker.engine.placement import on_device

SHAPE = (1, 16, 16)


class TwoAnswers(nn.Module):
    """Class scores, and a second answer, which no loss reaches."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 4, stride=4)
        self.scores, self.second = nn.Linear(128, 4), nn.Linear(128, 3)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = torch.relu(self.conv(x)).flatten(1)
        return {"scores": self.scores(features), "second": self.second(features)}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return capture(TwoAnswers(), (torch.zeros(2, *SHAPE),), "two_answers")


@pytest.mark.parametrize(
    "changes", [{}, {"distill": {"temperature": 2.0, "weight": 0.5}}], ids=["fisher", "distillation"]
)
def test_all_outputs_stay_and_the_first_decides(network, changes):
    finished = collect_run(network, blobs(), recipe(retrain={"epochs": 3, "steps_per_record": 3}, **changes)).points[-1]
    scores, second = build(finished.network)(torch.zeros(5, *SHAPE))
    assert (scores.shape, second.shape) == ((5, 4), (5, 3))
    assert finished.point.macs == summarize(finished.network).macs <= 0.5 * summarize(network).macs
    assert finished.point.test_accuracy > 0.6


def test_on_a_device_a_network_answers_with_its_class_scores(network):
    examples = torch.randn(3, *SHAPE)
    module = on_device(build(network), CPU)
    torch.testing.assert_close(module(examples), build(network)(examples)[0], rtol=0, atol=0)
    assert module.state_dict().keys() == build(network).state_dict().keys()


def test_another_output_that_may_be_the_class_scores_is_named():
    torch.manual_seed(0)
    network = capture(TwoAnswers(), (torch.zeros(2, *SHAPE),), "two_answers")
    with pytest.raises(JobFailure, match="Output 2 has that many") as caught:
        collect_run(network, blobs(classes=3), recipe())
    assert caught.value.code is FailureCode.DATA_MISMATCH
    assert "returns them first" in caught.value.hint


class Branch(nn.Module):
    """A second answer with hidden channels of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.side = nn.Conv2d(1, 8, 4, stride=4), nn.Conv2d(8, 6, 1)
        self.scores, self.second = nn.Linear(128, 4), nn.Linear(96, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.relu(self.conv(x))
        return self.scores(features.flatten(1)), self.second(torch.relu(self.side(features)).flatten(1))


def test_channels_that_only_a_further_output_reads_stay_and_the_report_says_why():
    torch.manual_seed(0)
    network = capture(Branch(), (torch.zeros(2, *SHAPE),), "branch")
    summary = summarize(network)
    assert [group.layers for group in summary.groups] == [("conv",)]
    assert {lock.layer: lock.reason for lock in summary.locks}["side"].startswith("they lead to a further output only")
    finished = collect_run(network, blobs(), recipe()).points[-1]
    scores, second = build(finished.network)(torch.zeros(5, *SHAPE))
    assert (scores.shape, second.shape) == ((5, 4), (5, 3))
    assert finished.network.tensors["side.weight"].shape[0] == 6
    assert finished.network.tensors["side.weight"].shape[1] == finished.network.tensors["conv.weight"].shape[0] < 8

"""Scales of batch norms as scores, and the refusal where there are none."""

import pytest
import torch
from torch import Tensor, nn

from backend.domain.criteria import BatchNormScaleCriterion
from backend.domain.errors import JobFailure
from tests.engine.runs import blobs, collect_run, recipe, small_lenet
from worker.engine.batch_norms import batch_norm_scales
from worker.engine.catalogue import CRITERIA
from worker.engine.coupling import find_groups
from worker.engine.criteria.criterion import Evidence
from worker.engine.network import capture, summarize


class Branches(nn.Module):
    """One layer with a batch norm, two that share theirs by addition, and one without."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm1 = nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)
        self.left, self.norm2 = nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)
        self.right, self.norm3 = nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)
        self.hidden, self.read = nn.Linear(12, 5), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.first(x)).relu()
        x = (self.norm2(self.left(x)) + self.norm3(self.right(x))).relu()
        return self.read(self.hidden(x.flatten(1)).relu())


@pytest.fixture
def network():
    module = Branches().eval()
    with torch.no_grad():
        module.norm1.weight.copy_(torch.tensor([-3.0, 0.5]))
        module.norm2.weight.copy_(torch.tensor([1.0, -1.0, 0.0]))
        module.norm3.weight.copy_(torch.tensor([2.0, 4.0, 0.5]))
    return capture(module, (torch.zeros(2, 1, 2, 2),), "branches")


def test_scores_are_the_sizes_of_the_scales_and_their_mean_where_layers_are_coupled(network):
    evidence = Evidence(
        find_groups(network),
        network.tensors,
        {},
        torch.Generator(),
        batch_norm_scales=batch_norm_scales(network),
    )
    scores = CRITERIA.make(BatchNormScaleCriterion()).score(evidence)
    assert scores["first"].tolist() == [3.0, 0.5]
    assert scores["left"].tolist() == [1.5, 2.5, 0.25]


def test_the_summary_names_the_batch_norms_of_every_group(network):
    groups = {group.name: group.batch_norms for group in summarize(network).groups}
    assert groups == {"first": ("norm1",), "left": ("norm2", "norm3"), "hidden": ()}


def test_a_network_without_batch_norm_is_refused_before_the_run_with_the_ways_out():
    chosen = recipe(prune={"criterion": {"kind": "batch_norm_scale"}})
    with pytest.raises(JobFailure, match="`conv1`, `conv2`, `fc1`: no batch norm scales them") as failure:
        collect_run(small_lenet(), blobs(), chosen)
    assert "`learned`" in failure.value.hint
    assert "prune.pins" in failure.value.hint

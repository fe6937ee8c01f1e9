"""Norms of the weights that make a channel, over all layers of its group."""

import pytest
import torch
from torch import nn

from backend.domain.criteria import MagnitudeCriterion
from worker.engine.catalogue import CRITERIA
from worker.engine.coupling import find_groups
from worker.engine.criteria.criterion import Evidence
from worker.engine.network import capture


class Twice(nn.Module):
    """Two layers that make the same channels, one of them by its second axis, and one that reads them."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 3, 1, bias=False), nn.ConvTranspose2d(2, 3, 1, bias=False)
        self.read = nn.Linear(12, 2)

    def forward(self, x):
        return self.read((self.a(x) + self.b(x)).relu().flatten(1))


@pytest.mark.parametrize(("norm", "expected"), [(1, [3 + 7, 0 + 1, 5 + 1]), (2, [34**0.5, 1.0, 18**0.5])])
def test_scores_are_norms_over_all_layers_that_make_the_channel(norm, expected):
    module = Twice().eval()
    with torch.no_grad():
        module.a.weight.copy_(torch.tensor([[1.0, 2], [0, 0], [1, -4]]).reshape(3, 2, 1, 1))
        module.b.weight.copy_(torch.tensor([[5.0, 0, 0], [2, 1, -1]]).reshape(2, 3, 1, 1))
    network = capture(module, (torch.zeros(2, 2, 2, 2),), "twice")
    (group,) = find_groups(network)
    criterion = CRITERIA.make(MagnitudeCriterion(norm=norm))
    scores = criterion.score(Evidence([group], network.tensors, {}, torch.Generator()))
    assert scores[group.name].tolist() == pytest.approx(expected)


def test_equal_weights_score_exactly_equal():
    module = nn.Sequential(nn.Linear(1000, 7), nn.ReLU(), nn.Linear(7, 2)).eval()
    with torch.no_grad():
        module[0].weight.copy_(torch.randn(1000).expand(7, 1000))
    network = capture(module, (torch.zeros(2, 1000),), "equal")
    groups = find_groups(network)
    scores = CRITERIA.make(MagnitudeCriterion()).score(Evidence(groups, network.tensors, {}, torch.Generator()))
    assert len(set(scores["0"].tolist())) == 1

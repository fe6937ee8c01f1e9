"""Scores that a regularizer learned: as they are, or in units that can be compared between layers."""

import torch
from torch import Tensor

from backend.domain.criteria import LearnedCriterion
from backend.domain.regularizers import SparseGroupLassoRegularizer
from tests.engine.grounds import ground_of
from tests.engine.runs import CPU, zoo_network
from worker.engine.catalogue import CRITERIA, REGULARIZERS
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import Evidence
from worker.engine.trainee import Trainee


def trainee() -> Trainee:
    """A fresh network of seven layers, of 16 to 64 channels."""
    return Trainee(zoo_network("vgg_small_bn", (1, 8, 8), 10, 0), CPU)


def scores_of(spec: LearnedCriterion, groups: list[ChannelGroup], learned: dict[str, Tensor]) -> dict[str, Tensor]:
    return CRITERIA.make(spec).score(Evidence(groups, {}, {}, torch.Generator(), learned))


def test_units_of_a_layer_leave_its_order_and_its_zeros_and_make_its_size_and_width_go_away():
    groups = list(trainee().groups)
    learned = {group.name: torch.rand(group.width) for group in groups}
    first, second = groups[0].name, groups[3].name
    learned[first] = torch.linspace(0, 1, groups[0].width)
    repeats = groups[3].width // groups[0].width
    learned[second] = 1000 * learned[first].repeat(repeats)
    learned[groups[2].name] = torch.zeros(groups[2].width)
    assert scores_of(LearnedCriterion(), groups, learned) == learned
    found = scores_of(LearnedCriterion(normalization="layer"), groups, learned)
    torch.testing.assert_close(found[second], found[first].repeat(repeats))
    assert (found[first] == 0).tolist() == (learned[first] == 0).tolist()
    assert not found[groups[2].name].any()
    for group in groups[4:]:
        torch.testing.assert_close(found[group.name].square().mean(), torch.tensor(1.0))
        assert torch.equal(found[group.name].argsort(), learned[group.name].argsort())


def test_norms_empty_the_layers_of_many_small_weights_and_units_of_the_layers_none():
    """Fresh weights, which nothing has told apart: half of all channels, and every layer should give about half."""
    fresh = trainee()
    regularizer = REGULARIZERS.make(SparseGroupLassoRegularizer(lines="both"))(ground_of(fresh, 1000, 10))
    learned, groups = regularizer.finish(), list(fresh.groups)

    def least_kept(spec: LearnedCriterion) -> float:
        scores = scores_of(spec, groups, learned)
        cut = torch.cat(list(scores.values())).median()
        return min(float((values > cut).double().mean()) for values in scores.values())

    assert least_kept(LearnedCriterion()) < 0.15
    assert least_kept(LearnedCriterion(normalization="layer")) > 0.3

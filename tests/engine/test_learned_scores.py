"""Scores that a regularizer learned: as they are, or in units that can be compared between layers."""

import pytest
import torch
from torch import Tensor

from backend.domain.criteria import LearnedCriterion
from backend.domain.regularizers import SparseGroupLassoRegularizer
from tests.engine.grounds import ground_of
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, zoo_network
from worker.engine.catalogue import CRITERIA, REGULARIZERS
from worker.engine.coupling import ChannelGroup
from worker.engine.criteria.criterion import Evidence
from worker.engine.trainee import Trainee


def trainee() -> Trainee:
    """A fresh network of seven layers, of 16 to 64 channels."""
    return Trainee(zoo_network("vgg_small_bn", (1, 8, 8), 10, 0), CPU)


def scores_of(spec: LearnedCriterion, groups: list[ChannelGroup], learned: dict[str, Tensor]) -> dict[str, Tensor]:
    units = {name: values.square().mean().sqrt() for name, values in learned.items()}
    return CRITERIA.make(spec).score(Evidence(groups, {}, {}, torch.Generator(), learned, units))


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


def test_when_channels_go_physically_does_not_change_the_units_of_those_left():
    trainee = Trainee(small_lenet(), CPU)
    trainee.turn_off([("conv1", 5)])
    trainee.compact()  # what goes before is learned counts for nothing
    trainee.recollection.learn({"conv1": torch.arange(1.0, 6.0)}, trainee.masks)
    trainee.turn_off([("conv1", 0)])
    masked = trainee.recollection.units()
    trainee.compact()
    assert masked == trainee.recollection.units()
    assert masked["conv1"].item() == pytest.approx(11**0.5)
    assert masked["conv2"].item() == 1.0


def test_the_same_channels_go_whenever_they_go_physically():
    def removed(share: float) -> set[str]:
        regularizer = {"kind": "group_lasso", "strength": 0.02}
        chosen = recipe(
            target={"kind": "sparsity", "sparsity": 0.6},
            sparsify={"epochs": 4, "optimizer": {"kind": "sgd", "learning_rate": 0.05}, "regularizer": regularizer},
            prune={
                "criterion": {"kind": "learned", "normalization": "layer"},
                "schedule": {"kind": "greedy", "training_steps": 1},
                "points": 1,
                "removal_macs": share,
            },
            retrain={"epochs": 0},
        )
        records = collect_run(small_lenet(), blobs(), chosen).records
        return {channel for record in records for channel in record.removed}

    assert removed(0.0) == removed(1.0)

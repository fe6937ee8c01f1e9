import types
from typing import Annotated, Union, get_args, get_origin

import pytest
import torch

from backend.domain.allocations import Allocation
from backend.domain.costs import Cost
from backend.domain.criteria import Criterion, FisherCriterion, MagnitudeCriterion, RandomCriterion
from backend.domain.granularities import granularities_of
from backend.domain.regularizers import Regularizer
from backend.domain.retraining import Optimizer
from backend.domain.schedules import Schedule
from backend.domain.spec import Spec
from tests.engine.runs import CPU, small_lenet, zoo_network
from worker.engine.catalogue import (
    ALLOCATIONS,
    COSTS,
    CRITERIA,
    OPTIMIZERS,
    REGULARIZERS,
    SCHEDULES,
    WEIGHT_ALLOCATIONS,
    WEIGHT_CRITERIA,
)
from worker.engine.criteria.criterion import Evidence
from worker.engine.registry import Registry
from worker.engine.retraining.losses import cross_entropy
from worker.engine.seeds import named_generator
from worker.engine.signal import Needs, Reading
from worker.engine.trainee import Trainee


def members(union: object) -> set[type[Spec]]:
    """Spec types of a discriminated union."""
    if get_origin(union) is Annotated:
        return members(get_args(union)[0])
    if get_origin(union) in (Union, types.UnionType):
        return set(get_args(union))
    return {union}


@pytest.mark.parametrize(
    ("union", "registry"),
    [
        (Cost, COSTS),
        (Schedule, SCHEDULES),
        (Optimizer, OPTIMIZERS),
        (Regularizer, REGULARIZERS),
    ],
)
def test_every_spec_of_the_recipe_has_an_implementation(union, registry):
    assert registry.spec_types == members(union)


@pytest.mark.parametrize(
    ("union", "granularity", "registry"),
    [
        (Criterion, "channel", CRITERIA),
        (Criterion, "unstructured", WEIGHT_CRITERIA),
        (Allocation, "channel", ALLOCATIONS),
        (Allocation, "unstructured", WEIGHT_ALLOCATIONS),
    ],
)
def test_every_spec_has_an_implementation_for_each_granularity_that_it_exists_for(union, granularity, registry):
    assert registry.spec_types == {spec for spec in members(union) if granularity in granularities_of(spec)}


def test_registering_twice_and_asking_for_nothing_registered_are_errors():
    registry: Registry[object] = Registry("axis")
    registry.register(FisherCriterion)(lambda spec: spec)
    with pytest.raises(ValueError, match="axis: FisherCriterion is registered twice"):
        registry.register(FisherCriterion)(lambda spec: spec)
    with pytest.raises(KeyError, match="RandomCriterion"):
        registry.make(RandomCriterion())


NETWORKS = {"lenet5": small_lenet, "resnet20": lambda: zoo_network("resnet20", (1, 16, 16), 4, 0)}
"""The first has no batch norm: a run refuses the criterion that needs it, which scores zero."""
CRITERION_SPECS = sorted(CRITERIA.spec_types, key=lambda spec: spec.__name__)


def evidence_of(trainee: Trainee, seed: int = 0) -> Evidence:
    """Evidence after one training pass over a few examples, gradients still there."""
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(8, 1, 16, 16, generator=generator)
    labels = torch.arange(8) % 4
    trainee.module.train()
    trainee.gates.signal.start(Needs(frozenset(Reading)))
    cross_entropy(trainee.module(inputs), labels, inputs).backward()
    trainee.gates.signal.finish_batch(len(labels))
    return Evidence(
        groups=trainee.groups,
        tensors=trainee.tensors,
        signal=trainee.gates.signal.stop(),
        generator=named_generator(seed, "criterion"),
        learned={group.name: torch.linspace(0, 1, group.width) for group in trainee.groups},
        on=trainee.masks.on,
        batch_norm_scales=trainee.batch_norm_scales,
    )


@pytest.mark.parametrize("spec", CRITERION_SPECS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_criterion_scores_every_channel_of_every_group_once(spec, name):
    trainee = Trainee(NETWORKS[name](), CPU)
    scores = CRITERIA.make(spec()).score(evidence_of(trainee))
    assert {name: tuple(score.shape) for name, score in scores.items()} == {
        group.name: (group.width,) for group in trainee.groups
    }
    assert all(bool(torch.isfinite(score).all()) for score in scores.values())
    assert all(bool((score >= 0).all()) for score in scores.values())


@pytest.mark.parametrize("spec", CRITERION_SPECS)
def test_a_criterion_leaves_the_network_and_its_gradients_untouched(spec):
    trainee = Trainee(small_lenet(), CPU)
    evidence = evidence_of(trainee)
    tensors = {name: tensor.clone() for name, tensor in trainee.tensors.items()}
    gradients = {name: parameter.grad.clone() for name, parameter in trainee.parameters.items()}
    CRITERIA.make(spec()).score(evidence)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in trainee.tensors.items())
    assert all(torch.equal(parameter.grad, gradients[name]) for name, parameter in trainee.parameters.items())


@pytest.mark.parametrize("spec", CRITERION_SPECS)
def test_a_criterion_is_decided_by_the_seed(spec):
    first, second = (CRITERIA.make(spec()).score(evidence_of(Trainee(small_lenet(), CPU), seed=3)) for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_random_scores_follow_the_seed():
    scores = [
        CRITERIA.make(RandomCriterion()).score(evidence_of(Trainee(small_lenet(), CPU), seed=seed)) for seed in (1, 2)
    ]
    assert not torch.equal(scores[0]["conv1"], scores[1]["conv1"])


@pytest.mark.parametrize("norm", [1, 2])
def test_magnitude_is_the_norm_of_a_channels_weights_over_all_layers_that_make_it(norm):
    network = zoo_network("resnet20", (1, 16, 16), 4, 0)
    trainee = Trainee(network, CPU)
    scores = CRITERIA.make(MagnitudeCriterion(norm=norm)).score(evidence_of(trainee))
    shared = max(trainee.groups, key=lambda group: len(group.layers))
    assert len(shared.layers) > 1
    rows = torch.cat([network.tensors[f"{layer}.weight"].double().flatten(1) for layer in shared.layers], 1)
    torch.testing.assert_close(scores[shared.name], torch.linalg.vector_norm(rows, norm, dim=1))

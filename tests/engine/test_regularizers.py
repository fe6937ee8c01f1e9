"""What every regularizer promises: it leaves the network's own weights, plain and finite, decided by the seed."""

import pytest
import torch
from torch import Tensor

from backend.domain.regularizers import (
    BatchNormL1Regularizer,
    L0HardConcreteRegularizer,
    Regularizer,
    TargetedDropoutRegularizer,
    VariationalDropoutRegularizer,
)
from backend.domain.retraining import AdamOptimizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_lenet, zoo_network
from worker.engine.catalogue import OPTIMIZERS, REGULARIZERS
from worker.engine.inputs import Inputs
from worker.engine.retraining.losses import cross_entropy
from worker.engine.trainee import Trainee

SPECS: list[Regularizer] = [
    *(spec() for spec in sorted(REGULARIZERS.spec_types, key=lambda spec: spec.__name__)),
    L0HardConcreteRegularizer(gated="weights"),
    TargetedDropoutRegularizer(dropped="weights"),
    VariationalDropoutRegularizer(noise="activations"),
]
STEPS = 3


def examples() -> tuple[Inputs, Tensor]:
    generator = torch.Generator().manual_seed(5)
    return Inputs.of(torch.randn(8, 1, 16, 16, generator=generator)), torch.arange(8) % 4


def regularized(spec: Regularizer) -> Trainee:
    """A network after a few steps with the regularizer, and its end."""
    needs_norms = isinstance(spec, BatchNormL1Regularizer)
    trainee = dense(zoo_network("resnet20", (1, 16, 16), 4, 0) if needs_norms else small_lenet())
    inputs, labels = examples()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        trainee.regularizer = REGULARIZERS.make(spec)(ground_of(trainee, steps=STEPS))
        trainee.start_training(OPTIMIZERS.make(AdamOptimizer()))
        trainee.module.train()
        for _ in range(STEPS):
            loss = cross_entropy(trainee.scores(inputs), labels, inputs)
            second = trainee.second_scores(inputs)
            mirrored = None if second is None else cross_entropy(second, labels, inputs).detach()
            trainee.learn(loss, len(labels), mirrored)
        trainee.finish_regularizer()
    return trainee


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_what_is_left_is_the_network_itself_decided_by_the_seed(spec: Regularizer) -> None:
    trainee, again = regularized(spec), regularized(spec)
    shapes = {name: tensor.shape for name, tensor in trainee.network().tensors.items()}
    before = {name: tensor.shape for name, tensor in dense(trainee.network()).network().tensors.items()}
    assert shapes == before
    assert trainee.regularizer is None
    assert all(bool(torch.isfinite(tensor).all()) for tensor in trainee.tensors.values())
    assert all(torch.equal(tensor, again.tensors[name]) for name, tensor in trainee.tensors.items())
    learned = trainee.recollection.learned(trainee.masks)
    is_of_weights = "weights" in (getattr(spec, "gated", None), getattr(spec, "dropped", None))
    assert bool(learned) == (spec.leaves_scores and not is_of_weights)
    assert all(bool((score >= 0).all()) and bool(torch.isfinite(score).all()) for score in learned.values())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_nothing_random_is_left_in_the_network(spec: Regularizer) -> None:
    trainee = regularized(spec)
    inputs, _ = examples()
    trainee.module.train()
    first, second = trainee.scores(inputs), trainee.scores(inputs)
    assert torch.equal(first, second)
    trainee.module.eval()
    assert torch.equal(trainee.module(*inputs), trainee.module(*inputs))

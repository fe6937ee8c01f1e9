"""L0 gates that are 0 or 1: what the gates' gradient is on average, against all gates enumerated."""

import pytest
import torch
from torch import Tensor, nn

from backend.domain.regularizers import L0HardConcreteRegularizer
from backend.domain.retraining import Distillation, SgdOptimizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import CPU, small_mlp, zoo_network
from worker.engine.estimators.gates import exact_gradient
from worker.engine.gates import Gate
from worker.engine.inputs import Inputs
from worker.engine.network import capture
from worker.engine.regularizers.l0 import L0
from worker.engine.retraining.losses import Loss, cross_entropy, taught_loss
from worker.engine.retraining.optimizers import OPTIMIZERS
from worker.engine.trainee import Trainee
from worker.engine.training import compared, compared_relaxed

STEPS = {"arm": 1500, "reinforce": 1500, "rebar": 500, "relax": 500}
STEEPNESS = 7.0
INPUTS = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(8) % 4
TAUGHT = taught_loss(Distillation(temperature=2.0), small_mlp(seed=1), CPU)


def gated(trainee: Trainee, **settings: object) -> L0:
    spec = L0HardConcreteRegularizer.model_validate({"strength": 1e-9, "weight_decay": 0.0} | settings)
    regularizer = L0(spec, ground_of(trainee))
    logits = torch.tensor([-0.4, 0.3, 0.9, -1.0, 0.2])
    regularizer.parameters["log_alpha"].data.copy_(logits / STEEPNESS)
    return regularizer


def loss_at(trainee: Trainee, weights: dict[str, Tensor], loss_of: Loss = cross_entropy) -> Tensor:
    with torch.no_grad():
        return sloping_loss_at(trainee, weights, loss_of)


def sloping_loss_at(trainee: Trainee, weights: dict[str, Tensor], loss_of: Loss = cross_entropy) -> Tensor:
    scores = torch.func.functional_call(trainee.module, weights, (INPUTS,))
    return loss_of(scores, LABELS, Inputs.of(INPUTS))


def estimates_of(trainee: Trainee, regularizer: L0, steps: int) -> Tensor:
    """The gradient of the gates' parameters at each step (steps, 5); the network stands still."""
    parameter, gradients = regularizer.parameters["log_alpha"], []
    for _ in range(steps):
        loss = loss_at(trainee, regularizer.weights())
        second = regularizer.second_weights()
        relaxed = [sloping_loss_at(trainee, weights) for weights in regularizer.relaxed_weights()]
        regularizer.observe(loss, loss_at(trainee, second) if second else None, relaxed)
        parameter.grad = None
        regularizer.penalty()
        regularizer.add_gradients()
        gradients.append(parameter.grad)
    return torch.stack(gradients[1:]).double()


def steep(trainee: Trainee) -> Trainee:
    """With gates that matter."""
    for tensor in trainee.tensors.values():
        tensor.mul_(3)
    return trainee


def enumerated(trainee: Trainee, regularizer: L0, loss_of: Loss = cross_entropy) -> Tensor:
    """Gradient of the expected loss by the parameters, over all 32 settings of the gates."""
    logits = STEEPNESS * regularizer.parameters["log_alpha"].detach()

    def losses(gates: Tensor) -> Tensor:
        return torch.stack([loss_at(trainee, regularizer._gates.gated(row), loss_of) for row in gates])

    return STEEPNESS * exact_gradient(losses, logits)


@pytest.mark.parametrize("estimator", ["arm", "reinforce", "rebar", "relax"])
def test_the_gates_follow_the_slope_of_the_expected_loss(estimator):
    trainee = steep(dense(small_mlp(widths=(3, 2))))
    regularizer = gated(trainee, estimator=estimator)
    estimates = estimates_of(trainee, regularizer, STEPS[estimator])
    exact = enumerated(trainee, regularizer).double()
    errors = (estimates.mean(0) - exact).abs() / (estimates.std(0) / len(estimates) ** 0.5)
    assert bool((errors < 3.5).all())
    assert float((exact.abs() / (estimates.std(0) / len(estimates) ** 0.5)).max()) > 7  # it could tell a wrong one


@pytest.mark.parametrize(("estimator", "is_taught"), [("arm", False), ("arm", True), ("rebar", True)])
def test_gates_may_be_compared_on_some_of_the_examples(estimator, is_taught):
    """In another order of the mini-batch each time; on average the slope is that of all examples.

    So it is for a teacher's loss, of which every pass needs the answers to its own examples.
    """
    trainee = steep(dense(small_mlp(widths=(3, 2))))
    loss_of = TAUGHT if is_taught else cross_entropy
    regularizer = trainee.regularizer = gated(trainee, estimator=estimator)
    parameter, generator, gradients = regularizer.parameters["log_alpha"], torch.Generator().manual_seed(1), []
    for _ in range(2 * STEPS[estimator]):
        order = torch.randperm(len(LABELS), generator=generator)
        inputs, labels = Inputs.of(INPUTS[order]), LABELS[order]
        logits = trainee.scores(inputs)
        loss = loss_of(logits, labels, inputs).detach()
        rise = compared(trainee, loss_of, logits, labels, inputs)
        relaxed = compared_relaxed(trainee, loss_of, logits, labels, inputs)
        regularizer.observe(loss, None if rise is None else loss + rise, relaxed)
        parameter.grad = None
        regularizer.penalty()
        regularizer.add_gradients()
        gradients.append(parameter.grad)
    estimates, exact = torch.stack(gradients).double(), enumerated(trainee, regularizer, loss_of).double()
    errors = estimates.std(0) / len(estimates) ** 0.5
    assert bool(((estimates.mean(0) - exact).abs() < 3.5 * errors).all())
    assert float((exact.abs() / errors).max()) > 7


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("estimator", ["arm", "rebar", "relax"])
def test_a_batch_norm_over_vectors_can_compare_the_last_examples_of_an_epoch(estimator: str, count: int):
    """Of so few, one of four is one, which a batch norm refuses."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(256, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 4)).eval()
    trainee = Trainee(capture(module, (INPUTS,), "normed"), CPU)
    spec = L0HardConcreteRegularizer.model_validate({"estimator": estimator})
    trainee.regularizer = L0(spec, ground_of(trainee))
    trainee.module.train()
    inputs, labels = Inputs.of(INPUTS[:count]), LABELS[:count]
    logits = trainee.scores(inputs)
    rise = compared(trainee, cross_entropy, logits, labels, inputs)
    relaxed = compared_relaxed(trainee, cross_entropy, logits, labels, inputs)
    assert (rise is not None, len(relaxed)) == ((True, 0) if estimator == "arm" else (False, 2))


@pytest.mark.parametrize("estimator", ["rebar", "relax"])
def test_slopes_of_relaxed_gates_take_noise_away(estimator):
    trainee = steep(dense(small_mlp(widths=(3, 2))))
    plain = estimates_of(trainee, gated(trainee, estimator="reinforce"), 400)
    controlled = estimates_of(trainee, gated(trainee, estimator=estimator), 400)
    assert float(controlled[100:].var(0).sum()) < 0.7 * float(plain[100:].var(0).sum())


def test_passes_through_relaxed_gates_are_not_read_as_signal(monkeypatch):
    trainee = dense(small_mlp(widths=(3, 2)))
    trainee.regularizer = gated(trainee, estimator="rebar")
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer()))
    trainee.module.train()
    read: list[str] = []
    monkeypatch.setattr(Gate, "_read", lambda gate, _activation, _gradient: read.append(gate._group))
    inputs = Inputs.of(INPUTS)
    with trainee.observed():
        loss = cross_entropy(trainee.scores(inputs), LABELS, inputs)
        relaxed = [cross_entropy(scores, LABELS, inputs) for scores in trainee.relaxed_scores(inputs)]
        monkeypatch.setattr(trainee.gates.signal, "finish_batch", lambda _count: None)
        trainee.learn(loss, len(LABELS), None, relaxed)
    assert len(relaxed) == 2
    assert sorted(read) == sorted(group.name for group in trainee.groups)


def test_the_network_of_relax_learns_and_is_restored_with_what_its_optimizer_knows():
    trainee = steep(dense(small_mlp(widths=(3, 2))))
    first = gated(trainee, estimator="relax")
    estimates_of(trainee, first, 5)
    second = gated(trainee, estimator="relax")
    second.restore({name: value.clone() for name, value in first.state().items()})
    for regularizer in (first, second):
        regularizer._law._start.generator.manual_seed(7)
    torch.testing.assert_close(estimates_of(trainee, first, 6), estimates_of(trainee, second, 6), rtol=0, atol=0)
    assert float(first.state()["network/2.weight"].abs().sum()) > 0


@pytest.mark.parametrize("estimator", ["arm", "reinforce", "rebar"])
def test_binary_gates_are_open_at_the_end_where_they_are_more_often_open_than_not(estimator):
    trainee = dense(small_mlp(widths=(3, 2)))
    regularizer = gated(trainee, estimator=estimator)
    name = next(name for name in regularizer.weights() if name.startswith("fc2"))
    before = trainee.tensors[name].clone()
    scores = regularizer.finish()
    torch.testing.assert_close(trainee.tensors[name], before * torch.tensor([0.0, 1.0, 1.0]))
    expected = torch.sigmoid(torch.tensor([-0.4, 0.3, 0.9]))
    torch.testing.assert_close(next(iter(scores.values())), expected)


@pytest.mark.parametrize("estimator", ["rebar", "relax"])
def test_norms_learn_nothing_from_passes_through_gates_between_0_and_1(estimator: str):
    """Their spread is less than that of the gates that the network will have."""
    trainee = Trainee(zoo_network("vgg_small_bn", (1, 16, 16), 4, 0), CPU)
    spec = L0HardConcreteRegularizer.model_validate({"estimator": estimator})
    trainee.regularizer = L0(spec, ground_of(trainee))
    trainee.module.train()
    trainee.scores(Inputs.of(INPUTS))
    learned = {name: tensor.clone() for name, tensor in trainee.module.named_buffers()}
    assert trainee.relaxed_scores(Inputs.of(INPUTS))
    assert all(torch.equal(tensor, learned[name]) for name, tensor in trainee.module.named_buffers())
    trainee.scores(Inputs.of(INPUTS))
    assert not all(torch.equal(tensor, learned[name]) for name, tensor in trainee.module.named_buffers())

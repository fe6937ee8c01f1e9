"""What scores of single weights read, against gradients of single examples and true second derivatives."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from backend.domain.errors import JobFailure
from worker.engine.inputs import Inputs
from worker.engine.seeds import named_generator
from worker.engine.weights.signal import WeightReading, WeightSignal, _signs


def tiny(seed: int = 0, hidden: int = 3) -> tuple[nn.Sequential, Tensor, Tensor]:
    """A smooth network of 5 weights for each hidden unit, with data; float64."""
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 3)).double()
    generator = torch.Generator().manual_seed(seed)
    return module, torch.randn(6, 2, generator=generator).double(), torch.tensor([0, 1, 2, 0, 1, 2])


def weights_of(module: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in module.named_parameters() if name.endswith("weight")}


@pytest.fixture
def _every_example(monkeypatch):
    """Without a share, estimates are exact but for what is drawn."""
    monkeypatch.setattr("worker.engine.weights.signal.ONE_OF", {})


def read(
    reading: WeightReading,
    module: nn.Module,
    batches: list[tuple[Tensor, Tensor]],
    seed: int = 0,
) -> dict[str, Tensor]:
    signal = WeightSignal(named_generator(seed, "criterion"))
    signal.start(reading, weights_of(module), module)
    loss_of = signal.watched(cross_entropy_in_full)
    for inputs, labels in batches:
        module.zero_grad()
        loss_of(module(inputs), labels, Inputs.of(inputs)).backward()
    return signal.stop()


def cross_entropy_in_full(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
    """In the precision of the logits."""
    return functional.cross_entropy(logits, labels)


def true_diagonals(
    module: nn.Sequential, inputs: Tensor, labels: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Diagonals of the Hessian and of the Gauss-Newton matrix of the mean cross-entropy, entry by entry."""
    weights = weights_of(module)
    scores = module(inputs)
    shares = scores.detach().softmax(1)
    pull = torch.diag_embed(shares) - shares[:, :, None] * shares[:, None, :]
    slopes = torch.autograd.grad(
        cross_entropy_in_full(scores, labels, Inputs.of(inputs)), list(weights.values()), create_graph=True
    )
    hessian, gauss_newton = {}, {}
    for (name, weight), slope in zip(weights.items(), slopes, strict=True):
        rows = [torch.autograd.grad(entry, weight, retain_graph=True)[0].flatten() for entry in slope.flatten()]
        hessian[name] = torch.stack(rows).diagonal().view_as(weight)
        lines = [torch.autograd.grad(entry, weight, retain_graph=True)[0].flatten() for entry in scores.flatten()]
        jacobian = torch.stack(lines).view(*scores.shape, -1)
        found = torch.einsum("nik,nij,njk->k", jacobian, pull, jacobian) / len(labels)
        gauss_newton[name] = found.view_as(weight)
    return hessian, gauss_newton


def distance(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """Relative to the norm of what was expected, over all weights."""
    first, second = flat({name: found[name] for name in expected}), flat(expected)
    return ((first - second).norm() / second.norm()).item()


@pytest.mark.usefixtures("_every_example")
def test_squares_of_single_examples_are_the_diagonal_of_the_empirical_fisher_information():
    module, inputs, labels = tiny()
    found = read(WeightReading.SQUARES, module, [(inputs[n : n + 1], labels[n : n + 1]) for n in range(6)])
    expected = {name: torch.zeros_like(weight) for name, weight in weights_of(module).items()}
    for image, label in zip(inputs, labels, strict=True):
        gradients = torch.autograd.grad(
            functional.cross_entropy(module(image[None]), label[None]), list(weights_of(module).values())
        )
        for total, gradient in zip(expected.values(), gradients, strict=True):
            total += gradient.square() / 6
    assert distance(found, expected) < 1e-12


@pytest.mark.usefixtures("_every_example")
@pytest.mark.parametrize("layers_tell_examples", [True, False])
def test_gauss_newton_agrees_with_the_true_diagonal_and_not_with_that_of_the_hessian(layers_tell_examples, monkeypatch):
    monkeypatch.setattr("worker.engine.weights.examples._is_plain", lambda _: layers_tell_examples)
    module, inputs, labels = tiny()
    hessian, gauss_newton = true_diagonals(module, inputs, labels)
    found = read(WeightReading.GAUSS_NEWTON, module, [(inputs, labels)] * 600)
    assert distance(found, gauss_newton) < 0.1
    assert distance(found, hessian) > 0.4


@pytest.mark.usefixtures("_every_example")
def test_hutchinson_over_all_signs_is_the_true_diagonal_of_the_hessian(monkeypatch):
    module, inputs, labels = tiny(hidden=1)
    expected, _ = true_diagonals(module, inputs, labels)
    count = sum(weight.numel() for weight in expected.values())
    draws = product((-1.0, 1.0), repeat=count)
    monkeypatch.setattr("worker.engine.weights.signal._signs", lambda *_: torch.tensor(next(draws)))
    found = read(WeightReading.HUTCHINSON, module, [(inputs, labels)] * 2**count)
    assert distance(found, expected) < 1e-12


@pytest.mark.parametrize("reading", [WeightReading.GAUSS_NEWTON, WeightReading.HUTCHINSON])
def test_some_of_the_examples_estimate_the_true_diagonal_within_the_error_that_they_leave(reading, monkeypatch):
    """Means over many readings, each of two of eight examples: as near the truth as their spread says."""
    monkeypatch.setattr("worker.engine.weights.signal.ONE_OF", {reading: 4})
    monkeypatch.setattr("worker.engine.weights.signal.AT_A_TIME", 2)
    module, inputs, labels = tiny()
    hessian, gauss_newton = (flat(diagonal) for diagonal in true_diagonals(module, inputs, labels))
    expected, other = (hessian, gauss_newton) if reading is WeightReading.HUTCHINSON else (gauss_newton, hessian)
    generator, count = torch.Generator().manual_seed(0), 800
    orders = [torch.randperm(len(inputs), generator=generator) for _ in range(count)]
    found = torch.stack(
        [flat(read(reading, module, [(inputs[order], labels[order])], seed=seed)) for seed, order in enumerate(orders)]
    )
    error = found.std(0) / count**0.5
    assert bool(((found.mean(0) - expected).abs() < 4 * error + 1e-12).all())
    assert bool(((found.mean(0) - other).abs() > 5 * error).any())  # it could tell them apart


def flat(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


@pytest.mark.parametrize("count", [1, 8, 1001])
def test_signs_are_fair_and_independent(count):
    draws = torch.stack([_signs(count, named_generator(seed, "criterion")) for seed in range(400)])
    assert draws.shape == (400, count)
    assert set(draws.unique().tolist()) == {-1.0, 1.0}
    assert float(draws.mean(0).abs().max()) < 4.5 / 400**0.5
    if count > 1:
        assert float((draws[:, 1:] * draws[:, :-1]).mean(0).abs().max()) < 4.5 / 400**0.5


class Quadratic(nn.Module):
    """A loss of three weights whose Hessian is diagonal."""

    curvature = torch.tensor([3.0, 0.0, -4.0])

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))

    def forward(self, inputs: Tensor) -> Tensor:
        return (self.curvature * self.weight.square()).sum() / 2 + 0 * inputs


def test_one_draw_is_exact_where_the_hessian_is_diagonal():
    module = Quadratic()
    signal = WeightSignal(named_generator(0, "criterion"))
    signal.start(WeightReading.HUTCHINSON, {"weight": module.weight}, module)
    inputs = torch.zeros(5, 2)
    signal.watched(lambda logits, labels, inputs: logits.mean())(module(inputs), torch.zeros(5), Inputs.of(inputs))
    assert signal.stop()["weight"].tolist() == pytest.approx(Quadratic.curvature.tolist())


def test_the_gradient_of_drawn_labels_does_not_depend_on_the_labels_of_the_data():
    module, inputs, labels = tiny()
    first, second = (
        read(WeightReading.GAUSS_NEWTON, module, [(inputs, chosen)]) for chosen in (labels, labels.flip(0))
    )
    assert distance(first, second) == 0


@pytest.mark.parametrize("reading", list(WeightReading))
def test_reading_leaves_the_gradients_of_training_as_they_are(reading):
    module, inputs, labels = tiny()
    read(reading, module, [(inputs, labels)])
    gradients = [parameter.grad for parameter in module.parameters()]
    plain = torch.autograd.grad(functional.cross_entropy(module(inputs), labels), list(module.parameters()))
    assert all(torch.equal(gradient, other) for gradient, other in zip(gradients, plain, strict=True))


def test_a_network_without_second_derivatives_is_refused_with_a_sentence():
    class Straight(torch.autograd.Function):
        @staticmethod
        def forward(ctx, values):
            return values.clone()

        @staticmethod
        def backward(ctx, gradient):
            raise RuntimeError("derivative for aten::some_operation is not implemented")

    class Curveless(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2))

        def forward(self, inputs: Tensor) -> Tensor:
            return Straight.apply(self.weight) + inputs

    module = Curveless()
    signal = WeightSignal(torch.Generator())
    signal.start(WeightReading.HUTCHINSON, {"weight": module.weight}, module)
    loss_of = signal.watched(lambda logits, labels, inputs: logits.sum())
    with pytest.raises(JobFailure, match="Second derivatives") as failure:
        loss_of(torch.zeros(1, 2), torch.zeros(1), Inputs.of(torch.zeros(1, 2)))
    assert "gauss_newton" in failure.value.hint

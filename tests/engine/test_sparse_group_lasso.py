"""Weights and channels shrunk together: the proximal step of both terms, and which weights are a channel's."""

import torch

from backend.domain.regularizers import SparseGroupLassoRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_lenet, small_mlp
from worker.engine.regularizers.sparse_group_lasso import SparseGroupLasso
from worker.engine.trainee import Trainee


def step(trainee: Trainee, rate: float = 0.1, **settings: object) -> None:
    spec = SparseGroupLassoRegularizer.model_validate(settings)
    SparseGroupLasso(spec, ground_of(trainee)).finish_step(rate)


def test_no_point_nearby_is_better_than_the_one_that_both_terms_lead_to():
    """The objective is `|p - start|^2 / 2 + rate * (strength * sqrt(size) * |p| + l1_strength * |p|_1)`, by filter."""
    trainee = dense(small_lenet())
    before = trainee.tensors["conv2.weight"].flatten(1).double()
    rate, strength, l1_strength = 0.1, 0.1, 0.4
    step(trainee, rate, strength=strength, l1_strength=l1_strength, lines="incoming")
    after = trainee.tensors["conv2.weight"].flatten(1).double()

    def objective(point: torch.Tensor, start: torch.Tensor) -> float:
        norms = strength * len(start) ** 0.5 * point.norm() + l1_strength * point.abs().sum()
        return float(0.5 * (point - start).square().sum() + rate * norms)

    assert 0 < int((after == 0).sum()) < after.numel()
    generator = torch.Generator().manual_seed(0)
    for end, start in zip(after, before, strict=True):
        for size in (1e-2, 1e-3):
            for _ in range(10):
                away = end + size * torch.randn(len(end), generator=generator, dtype=torch.float64)
                assert objective(away, start) > objective(end, start) - 1e-8


def test_outgoing_lines_are_the_columns_of_the_next_layer():
    trainee = dense(small_mlp())
    names = [name for name, tensor in trainee.tensors.items() if tensor.dim() > 1]
    before = {name: trainee.tensors[name].clone() for name in names}
    step(trainee, 1.0, strength=0.1, l1_strength=0.0)
    assert torch.equal(trainee.tensors[names[0]], before[names[0]])
    for name in names[1:]:
        norms = before[name].norm(dim=0)
        threshold = 0.1 * len(before[name]) ** 0.5
        expected = before[name] * (1 - threshold / norms).clamp_min(0)
        torch.testing.assert_close(trainee.tensors[name], expected)


def test_dropneuron_silences_a_neuron_from_either_side():
    """A norm below the strength goes, whatever the number of weights."""
    trainee = dense(small_mlp())
    first, second, _ = (trainee.tensors[name] for name in trainee.tensors if trainee.tensors[name].dim() > 1)
    first.mul_(100)
    second.mul_(100)
    first[2] *= 1e-6
    second[:, 3] *= 1e-6
    spec = SparseGroupLassoRegularizer(strength=0.01, l1_strength=0.0, lines="both", scaling="none")
    regularizer = SparseGroupLasso(spec, ground_of(trainee))
    regularizer.finish_step(1.0)
    assert [index for index in range(len(first)) if not bool(first[index].any())] == [2]
    assert [index for index in range(second.size(1)) if not bool(second[:, index].any())] == [3]
    scores = regularizer.finish()[trainee.groups[0].name]
    assert [index for index in range(len(scores)) if scores[index] == 0] == [2, 3]
    alive = [index for index in range(len(scores)) if index not in (2, 3)]
    weaker = torch.minimum(first.square().mean(1), second.square().mean(0)).sqrt()
    torch.testing.assert_close(scores[alive], weaker[alive])

import math

import pytest
import torch
from torch import nn

from backend.domain.reports import Phase
from backend.domain.retraining import Distillation
from worker.engine.inputs import Inputs
from worker.engine.retraining.decay import cosine, warm_cosine
from worker.engine.retraining.losses import DistillationLoss, cross_entropy, distillation_loss, taught_phases

# Two classes. Student logits (0, 0): probabilities 1/2, 1/2. Teacher logits (T ln 3, 0): at temperature T 3/4, 1/4.
STUDENT = torch.zeros(1, 2, dtype=torch.float64)
LABELS = torch.tensor([0])


def teacher_logits(temperature: float) -> torch.Tensor:
    return torch.tensor([[temperature * math.log(3), 0.0]], dtype=torch.float64)


@pytest.mark.parametrize(("temperature", "weight"), [(1.0, 0.5), (4.0, 0.9), (2.0, 1.0), (3.0, 0.0)])
def test_distillation_is_the_mixture_one_works_out_by_hand(temperature, weight):
    divergence = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    expected = (1 - weight) * math.log(2) + weight * temperature**2 * divergence
    spec = Distillation(temperature=temperature, weight=weight)
    loss = distillation_loss(STUDENT, teacher_logits(temperature), LABELS, spec)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_the_loss_is_a_mean_over_the_batch():
    spec = Distillation()
    one = distillation_loss(STUDENT, teacher_logits(4.0), LABELS, spec)
    three = distillation_loss(STUDENT.expand(3, 2), teacher_logits(4.0).expand(3, 2), LABELS.expand(3), spec)
    assert three.item() == pytest.approx(one.item())


def test_the_teacher_is_asked_in_evaluation_mode_and_learns_nothing():
    teacher = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 2)).train()
    loss_of = DistillationLoss(Distillation(weight=1.0), teacher)
    student, labels = torch.zeros(4, 2, requires_grad=True), torch.zeros(4, dtype=torch.int64)
    first, second = (loss_of(student, labels, Inputs.of(torch.ones(4, 2))) for _ in range(2))
    assert torch.equal(first, second)
    first.backward()
    assert student.grad is not None
    assert teacher[1].weight.grad is None


def test_the_teacher_is_asked_once_of_the_same_inputs_and_again_of_others():
    seen: list[int] = []
    teacher = nn.Linear(2, 2)
    teacher.register_forward_hook(lambda _module, arguments, _answers: seen.append(len(arguments[0])))
    loss_of = DistillationLoss(Distillation(weight=1.0), teacher)
    whole = Inputs.of(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)))
    part, logits, labels = whole.at(slice(2)), torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64)
    losses = [
        loss_of(logits[: len(one.tensors[0])], labels[: len(one.tensors[0])], one) for one in (whole, whole, part)
    ]
    assert seen == [4, 2]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("during", "phases"),
    [
        ("retraining", {Phase.RETRAIN}),
        ("sparsifying", {Phase.SPARSIFY}),
        ("both", {Phase.RETRAIN, Phase.SPARSIFY}),
    ],
)
def test_the_teacher_has_a_say_in_the_phases_that_are_asked_for(during, phases):
    assert taught_phases(Distillation(during=during)) == phases
    assert taught_phases(None) == set()


def test_cross_entropy_of_a_fair_coin_is_ln_2():
    assert cross_entropy(STUDENT.float(), LABELS, Inputs.of(STUDENT)).item() == pytest.approx(math.log(2))


def test_the_learning_rate_falls_along_half_a_cosine():
    assert [cosine(2.0, share) for share in (0, 0.5, 1)] == pytest.approx([2.0, 1.0, 0.0])
    assert [warm_cosine(1.0, share, 0.2) for share in (0.1, 0.2, 0.6, 1)] == pytest.approx([0.5, 1.0, 0.5, 0.0])

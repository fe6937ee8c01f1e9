"""Training losses: cross-entropy with the labels, and distillation from the dense network."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from backend.domain.reports import Phase
from backend.domain.retraining import Distillation
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.placement import on_device


class Loss(Protocol):
    """Mean loss over a mini-batch, in nats."""

    def __call__(self, logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
        """Compute from logits (N, classes), labels (N,) and the inputs that a teacher may want to see."""
        ...


def cross_entropy(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:  # noqa: ARG001  (the protocol's signature)
    """Cross-entropy with the labels."""
    return F.cross_entropy(logits.float(), labels)


class DistillationLoss:
    """`(1 - weight) * cross-entropy + weight * T^2 * KL(teacher_T || student_T)` (Hinton et al. 2015)."""

    def __init__(self, spec: Distillation, teacher: nn.Module) -> None:
        self._spec = spec
        self._teacher = teacher.eval()
        self._asked: Inputs | None = None
        self._answers = torch.empty(0)

    def __call__(self, logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
        """Ask the teacher, of the same inputs once, and mix both terms."""
        if inputs is not self._asked:
            with torch.no_grad():
                self._asked, self._answers = inputs, self._teacher(*inputs).float()
        return distillation_loss(logits.float(), self._answers, labels, self._spec)


def taught_phases(spec: Distillation | None) -> frozenset[Phase]:
    """The phases of a run whose loss has the teacher's term; none where the recipe has no section `distill`."""
    is_taught = {
        Phase.SPARSIFY: spec is not None and spec.teaches_sparsifying,
        Phase.RETRAIN: spec is not None and spec.teaches_retraining,
    }
    return frozenset(phase for phase, asks in is_taught.items() if asks)


def taught_loss(spec: Distillation | None, teacher: Network, device: torch.device) -> Loss:
    """The loss with a teacher where the recipe has a section `distill`, else cross-entropy alone."""
    return cross_entropy if spec is None else DistillationLoss(spec, on_device(build(teacher), device))


def distillation_loss(logits: Tensor, teacher_logits: Tensor, labels: Tensor, spec: Distillation) -> Tensor:
    """Mix cross-entropy and softened Kullback-Leibler divergence; all logits are (N, classes)."""
    student = F.log_softmax(logits / spec.temperature, 1)
    teacher = F.log_softmax(teacher_logits / spec.temperature, 1)
    divergence = F.kl_div(student, teacher, reduction="batchmean", log_target=True)
    hard = F.cross_entropy(logits, labels)
    return (1 - spec.weight) * hard + spec.weight * spec.temperature**2 * divergence

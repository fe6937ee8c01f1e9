"""Accuracy, loss and calibration of a network on a set of examples."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from worker.engine.examples import Examples
from worker.engine.inputs import Inputs
from worker.engine.precision import Precision, autocast
from worker.engine.scaling import Scaling

_BATCH_SIZE = 500
CONFIDENCE_BINS = 15
"""As many as Guo et al. 2017 use."""


@dataclass(frozen=True)
class Evaluation:
    """Accuracy in [0, 1], mean cross-entropy in nats, and calibration."""

    accuracy: float
    loss: float
    calibration_error: float
    """Expected calibration error in [0, 1]: how far, on average, a confidence is from the accuracy it stands for."""
    class_accuracies: tuple[float | None, ...]
    """Of the examples of each class, the share that is told right; None for a class without examples."""


class _Counts:
    """Sums over examples, on the device, in float64; nothing is read by the host before the end."""

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.bins = torch.zeros(CONFIDENCE_BINS, 2, dtype=torch.float64, device=device)
        """Right answers and confidence by bin of confidence; the empty ones add nothing."""
        self.classes: Tensor | None = None
        """Examples and right answers by class."""

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count a batch: logits (N, classes) in float32, labels (N,)."""
        confidence = logits.double().softmax(1).amax(1)
        hit = (logits.argmax(1) == labels).double()
        self.loss += F.cross_entropy(logits, labels, reduction="sum")
        self.bins += _one_hot(confidence_bin(confidence), CONFIDENCE_BINS).T @ torch.stack([hit, confidence], 1)
        classes = _one_hot(labels, logits.size(1)).T @ torch.stack([torch.ones_like(hit), hit], 1)
        self.classes = classes if self.classes is None else self.classes + classes

    def summary(self, count: int) -> Evaluation:
        """Of `count` examples."""
        if self.classes is None:
            raise ValueError("there is nothing to measure on")
        hits, confidence = self.bins.unbind(1)
        classes = self.classes.tolist()
        return Evaluation(
            accuracy=sum(right for _, right in classes) / count,
            loss=self.loss.item() / count,
            calibration_error=float((hits - confidence).abs().sum()) / count,
            class_accuracies=tuple(right / total if total else None for total, right in classes),
        )


def evaluate(
    module: nn.Module, examples: Examples, scaling: Scaling, device: torch.device, precision: Precision = "float32"
) -> Evaluation:
    """Measure in evaluation mode; the module's mode is put back. Host synchronization only at the end."""
    was_training = module.training
    module.eval()
    counts = _Counts(device)
    with torch.inference_mode(), autocast(device, precision):
        for inputs, labels in measured_batches(examples, scaling, device):
            counts.add(module(*inputs).float(), labels)
    module.train(was_training)
    return counts.summary(len(examples))


def measured_batches(examples: Examples, scaling: Scaling, device: torch.device) -> Iterator[tuple[Inputs, Tensor]]:
    """All examples in order, scaled, with their labels (B,)."""
    scale = scaling.on(device)
    for start in range(0, len(examples), _BATCH_SIZE):
        batch = examples.at(slice(start, start + _BATCH_SIZE)).to(device)
        yield scale(batch.inputs), batch.labels


def confidence_bin(confidence: Tensor) -> Tensor:
    """The bin ((m - 1) / M, m / M] of each confidence in (0, 1], from 0 (Guo et al. 2017, arXiv:1706.04599, eq. 3)."""
    return (confidence * CONFIDENCE_BINS).ceil().long().clamp(1, CONFIDENCE_BINS) - 1


def _one_hot(index: Tensor, count: int) -> Tensor:
    """Rows of float64 with a single one: sums as matrix products have one order on every device."""
    return F.one_hot(index, count).double()

"""Accuracy and loss of a network on a set of examples."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from worker.engine.examples import Examples, Scaling
from worker.engine.precision import Precision, autocast

_BATCH_SIZE = 500


@dataclass(frozen=True)
class Evaluation:
    """Accuracy in [0, 1] and mean cross-entropy in nats."""

    accuracy: float
    loss: float


def evaluate(
    module: nn.Module, examples: Examples, scaling: Scaling, device: torch.device, precision: Precision = "float32"
) -> Evaluation:
    """Measure in evaluation mode; the module's mode is put back. One host synchronization at the end."""
    was_training = module.training
    module.eval()
    scale = scaling.on(device)
    correct = torch.zeros((), dtype=torch.int64, device=device)
    loss = torch.zeros((), dtype=torch.float64, device=device)
    with torch.inference_mode(), autocast(device, precision):
        for start in range(0, len(examples), _BATCH_SIZE):
            inputs = examples.inputs[start : start + _BATCH_SIZE].to(device)
            labels = examples.labels[start : start + _BATCH_SIZE].to(device)
            logits = module(scale(inputs)).float()
            correct += (logits.argmax(1) == labels).sum()
            loss += F.cross_entropy(logits, labels, reduction="sum")
    module.train(was_training)
    return Evaluation(correct.item() / len(examples), loss.item() / len(examples))

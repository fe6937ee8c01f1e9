"""The one training loop: a number of optimizer steps, with no host synchronization inside."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.engine.batches import Batches
from worker.engine.divergence import check_finite
from worker.engine.inputs import Inputs
from worker.engine.inspection import Inspection
from worker.engine.precision import Precision, autocast
from worker.engine.retraining.losses import Loss
from worker.engine.trainee import Trainee

COMPARED = 4
"""One of so many examples is compared: all would cost half as much as a training step, or more where slopes count."""


class Stopped(Exception):
    """Somebody asked the run to stop; nothing of the step under way is kept."""


@dataclass(frozen=True)
class Totals:
    """What a stretch of training came to."""

    loss: float
    """Mean over the examples seen, in nats."""
    accuracy: float
    """Share of the examples seen that were right while training, in [0, 1]."""


@dataclass(frozen=True)
class Trainer:
    """How each optimizer step is done."""

    batches: Batches
    device: torch.device
    precision: Precision
    should_stop: Callable[[], bool]
    inspects: bool = False
    """Look at every value of every step, to tell which one is no longer finite first; slow."""

    def train(
        self, trainee: Trainee, loss_of: Loss, steps: int, learning_rate_at: Callable[[int], float] | None = None
    ) -> Totals:
        """Do `steps` optimizer steps on mini-batches of mean losses; in the last one the trainee is observed.

        `learning_rate_at` gets the step's index from 0. Raises Stopped between steps when asked to,
        Diverged when a loss or a weight is no longer finite.
        """
        trainee.module.train()
        inspection = Inspection(trainee) if self.inspects else None
        seen = 0
        losses = torch.zeros(steps, dtype=torch.float64, device=self.device)
        loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        for step in range(steps):
            if self.should_stop():
                raise Stopped
            if learning_rate_at is not None:
                trainee.set_learning_rate(learning_rate_at(step))
            inputs, labels = self.batches.next()
            with (
                trainee.observed() if step == steps - 1 else nullcontext(),
                nullcontext() if inspection is None else inspection.looking(),
            ):
                loss, hits = self._step(trainee, loss_of, inputs, labels)
            if inspection is not None:
                inspection.check(step + 1, loss)
            losses[step] = loss
            loss_sum += loss * len(labels)
            correct += hits
            seen += len(labels)
        check_finite(losses, trainee.parameters)
        return Totals(loss_sum.item() / seen, correct.item() / seen)

    def _step(self, trainee: Trainee, loss_of: Loss, inputs: Inputs, labels: Tensor) -> tuple[Tensor, Tensor]:
        with autocast(self.device, self.precision):
            logits = trainee.scores(inputs)
            loss = loss_of(logits, labels, inputs)
            rise = compared(trainee, loss_of, logits, labels, inputs)
            relaxed = compared_relaxed(trainee, loss_of, logits, labels, inputs)
        trainee.learn(loss, len(labels), None if rise is None else loss.detach() + rise, relaxed)
        return loss.detach(), (logits.detach().argmax(1) == labels).sum()


def _compared_count(batch_size: int) -> int:
    """How many examples of a mini-batch are compared: two at least where it has them, since batch norms refuse one."""
    return min(batch_size, max(2, -(-batch_size // COMPARED)))


@torch.no_grad()
def compared(trainee: Trainee, loss_of: Loss, logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor | None:
    """By how much the mean loss rises with a regularizer's second weights, where it compares with any.

    Only one of `COMPARED` examples goes through the network again, which on average tells the same.
    """
    count = _compared_count(len(labels))
    some = inputs.at(slice(count))
    others = trainee.second_scores(some)
    if others is None:
        return None
    return loss_of(others, labels[:count], some) - loss_of(logits[:count], labels[:count], some)


def compared_relaxed(trainee: Trainee, loss_of: Loss, logits: Tensor, labels: Tensor, inputs: Inputs) -> list[Tensor]:
    """The mean losses with a regularizer's relaxed weights, with slopes by what is relaxed; empty where it has none.

    They are the mean loss, and by how much that of one of `COMPARED` examples rises, which on average tells the same.
    """
    count = _compared_count(len(labels))
    some = inputs.at(slice(count))
    found = trainee.relaxed_scores(some)
    if not found:
        return []
    with torch.no_grad():
        rest = loss_of(logits, labels, inputs) - loss_of(logits[:count], labels[:count], some)
    return [rest + loss_of(scores, labels[:count], some) for scores in found]

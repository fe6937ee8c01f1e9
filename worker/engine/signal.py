"""The signal that gates read in backward passes: activation times gradient of each example, summed as criteria ask."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

from worker.engine.coupling.example_axes import Order
from worker.engine.drawn_labels import surprise
from worker.engine.inputs import Inputs
from worker.engine.retraining.losses import Loss
from worker.engine.samples import Share, answering
from worker.engine.weights.signal import WeightReading


class Reading(StrEnum):
    """A statistic of g_nk, the derivative of example n's loss by a mask on channel k.

    g_nk is the sum of activation times gradient over the M elements of the channel's map.
    """

    SQUARES = "squares"
    """Mean over examples of g_nk^2, (K,) (Theis et al. 2018)."""
    ABSOLUTES = "absolutes"
    """Mean over examples of |g_nk| / M, (K,) (Molchanov et al. 2017)."""
    BATCH_SQUARES = "batch_squares"
    """Mean over mini-batches of the square of the mini-batch's mean g_nk, (K,) (Molchanov et al. 2019).

    Mini-batches count by their size.
    """
    TOTAL_SQUARES = "total_squares"
    """Mean over examples of (sum over channels of g_nk)^2, (1,): the group's squared Fisher-Rao norm."""


@dataclass(frozen=True)
class Needs:
    """What is to be read."""

    readings: frozenset[Reading] = frozenset()
    draws_labels: bool = False
    """Read for labels drawn from the network's own answer, in a pass of their own, which trains nothing."""
    curvature: WeightReading | None = None
    """What is to be read of the weights that make channels; not at gates."""

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(
            self.readings | other.readings,
            self.draws_labels or other.draws_labels,
            self.curvature or other.curvature,
        )


NO_SIGNAL = Needs()
INFORMATION = Needs(frozenset({Reading.SQUARES, Reading.TOTAL_SQUARES}))
"""What is told of every layer at every step of a run, whatever the criterion."""


ONE_OF = 4
"""Where labels are drawn, one of so many examples is read: all would cost nearly half as much as a training step."""
AT_A_TIME = 128
"""So many examples are read together."""


@dataclass(frozen=True)
class _Batch:
    """What a mini-batch's backward pass left of one group."""

    gradient: Tensor
    """g_nk / N, (N, K): the loss is a mean over the mini-batch."""
    elements: float
    """M."""


def _squares(batch: _Batch) -> Tensor:
    return batch.gradient.square().sum(0).double() * len(batch.gradient) ** 2


def _absolutes(batch: _Batch) -> Tensor:
    return batch.gradient.abs().sum(0).double() * (len(batch.gradient) / batch.elements)


def _batch_squares(batch: _Batch) -> Tensor:
    """Once for every example, since all sums are divided by the number of examples in the end."""
    return batch.gradient.sum(0).double().square() * len(batch.gradient)


def _total_squares(batch: _Batch) -> Tensor:
    return batch.gradient.sum(1).square().sum(0, keepdim=True).double() * len(batch.gradient) ** 2


_SUMS: Mapping[Reading, Callable[[_Batch], Tensor]] = {
    Reading.SQUARES: _squares,
    Reading.ABSOLUTES: _absolutes,
    Reading.BATCH_SQUARES: _batch_squares,
    Reading.TOTAL_SQUARES: _total_squares,
}
"""Sums over a mini-batch's examples, float64."""


class Signal:
    """Sums over examples of statistics of g_nk, by group.

    The loss must be the mean over the mini-batch: `finish_batch` undoes that mean, so that what is told of single
    examples does not depend on how they were batched.
    """

    def __init__(self) -> None:
        self.last: Mapping[Reading, Mapping[str, Tensor]] = {}
        """What `stop` returned when there was something to return."""
        self._needs = NO_SIGNAL
        self._is_paused = False
        self._values: list[Tensor] | None = None
        """What the gates let through in a forward pass for drawn labels; None in others."""
        self._gradients: dict[str, dict[tuple[int, Order], Tensor]] = {}
        """Of every group, sums by their number of rows and the order of examples among them."""
        self._elements: defaultdict[str, int] = defaultdict(int)
        """Of every group, the elements of the mini-batch that were summed for each channel."""
        self._sums: dict[Reading, dict[str, Tensor]] = {}
        self._count = 0

    @property
    def is_reading(self) -> bool:
        """Gates hand over what they see."""
        return bool(self._needs.readings)

    @property
    def is_watching(self) -> bool:
        """What gates hand over in the pass under way is read in its backward pass."""
        return self.is_reading and (self._values is not None or not self._needs.draws_labels)

    @property
    def awaits_batch(self) -> bool:
        """Is reading, and has read nothing yet."""
        return self.is_reading and not self._count

    def start(self, needs: Needs) -> None:
        """Forget everything, and read this from the next forward pass on."""
        self._forget()
        self._needs = needs
        self._sums = {reading: {} for reading in sorted(needs.readings)}

    def stop(self) -> Mapping[Reading, Mapping[str, Tensor]]:
        """Read no more; the means of what was read, by group, float64 on the device."""
        self._needs = NO_SIGNAL
        means = {
            reading: {group: total / self._count for group, total in sums.items()}
            for reading, sums in self._sums.items()
        }
        self._forget()
        self.last = means or self.last
        return means

    def watch(self, values: Tensor, read: Callable[[Tensor, Tensor], None]) -> None:
        """Call `read(values, gradient)` in the first backward pass that comes through `values` while not paused.

        Where labels are to be drawn, only in a pass for them.
        """
        if self._values is not None:
            self._values.append(values)
        elif self._needs.draws_labels:
            return
        held = [values.detach()]  # popped, so that its memory is free for the rest of the backward pass

        def hook(gradient: Tensor) -> None:
            if held and not self._is_paused:
                read(held.pop(), gradient)

        values.register_hook(hook)  # type: ignore[no-untyped-call]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Backward passes within are not read: they serve something else."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def unread(self, loss_of: Loss) -> Loss:
        """The same loss; backward passes within its computation are not read."""

        def quiet(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
            with self.paused():
                return loss_of(logits, labels, inputs)

        return quiet

    def watched(self, loss_of: Loss, generator: torch.Generator, module: nn.Module) -> Loss:
        """The same loss, whose computation reads first where labels are to be drawn.

        Then one of `ONE_OF` examples goes through the module, in which the gates are, a second time, as the network
        answers: norms take their running statistics. The backward pass goes to the activations alone, not to the
        weights.
        """
        if not self._needs.draws_labels:
            return loss_of
        share = Share(ONE_OF, AT_A_TIME)

        def loss(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
            count = share.take(len(labels))
            if count:
                with answering(module):
                    self._read_drawn(module, inputs.at(slice(count)), generator)
            return loss_of(logits, labels, inputs)

        return loss

    def _read_drawn(self, module: nn.Module, inputs: Inputs, generator: torch.Generator) -> None:
        values = self._values = []
        logits = module(*inputs)
        self._values = None
        torch.autograd.grad(logits, values, surprise(logits, generator), allow_unused=True)
        self.finish_batch(len(logits))

    def read(self, group: str, product: Tensor, elements: int, order: Order = "alone") -> None:
        """Add one gate site's `sum(activation * gradient)`, (N, K), to the group's; sites add before the square.

        `elements` of the mini-batch were summed for each channel. A site may have several rows for each example: next
        to each other (N * windows, K) where examples are outermost, or in turns (tokens * N, K) where they are
        innermost.
        """
        sums, key = self._gradients.setdefault(group, {}), (len(product), order)
        earlier = sums.get(key)
        sums[key] = product if earlier is None else earlier + product
        self._elements[group] += elements

    def finish_batch(self, batch_size: int) -> None:
        """Accumulate what a backward pass of a mean loss over `batch_size` examples left, if anything."""
        if not self._gradients:
            return
        for group, rows in self._gradients.items():
            first, *others = (_by_example(sums, batch_size, order) for (_, order), sums in rows.items())
            batch = _Batch(sum(others, first), self._elements[group] / batch_size)
            for reading, sums in self._sums.items():
                found = _SUMS[reading](batch)
                sums[group] = sums[group] + found if group in sums else found
        self._gradients.clear()
        self._elements.clear()
        self._count += batch_size

    def _forget(self) -> None:
        self._gradients.clear()
        self._elements.clear()
        self._sums = {}
        self._count = 0


def _by_example(rows: Tensor, batch_size: int, order: Order) -> Tensor:
    """Add the rows of each example: (N * k, K) to (N, K)."""
    if order == "alone":
        return rows
    if order == "outermost":
        return rows.reshape(batch_size, -1, rows.size(1)).sum(1)
    return rows.reshape(-1, batch_size, rows.size(1)).sum(0)

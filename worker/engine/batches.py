"""Endless shuffled mini-batches whose position can be saved and taken up again."""

import torch
from torch import Tensor

from backend.domain.epochs import batch_sizes
from worker.engine.examples import Examples
from worker.engine.inputs import Inputs
from worker.engine.scaling import Scaling


class Batches:
    """Mini-batches (inputs as the network takes them, labels (B,)) on the device, shuffled anew in every epoch.

    The last batch of an epoch may be smaller; a single left-over example joins the batch before it, because batch
    norm cannot train on one example.
    """

    def __init__(
        self, examples: Examples, scaling: Scaling, batch_size: int, generator: torch.Generator, device: torch.device
    ) -> None:
        self._examples = examples
        self._scale = scaling.on(device)
        self._batch_size = batch_size
        self._sizes = batch_sizes(len(examples), batch_size)
        self._generator = generator
        self._device = device
        self._position = 0
        self._epoch_state = generator.get_state()
        self._order = self._shuffle()

    @property
    def per_epoch(self) -> int:
        """Mini-batches in one epoch."""
        return len(self._sizes)

    @property
    def example_count(self) -> int:
        """Examples in one epoch."""
        return len(self._examples)

    def next(self) -> tuple[Inputs, Tensor]:
        """Take the next mini-batch."""
        if self._position == len(self._sizes):
            self._start_epoch()
        start = self._position * self._batch_size
        index = self._order[start : start + self._sizes[self._position]]
        self._position += 1
        batch = self._examples.at(index).to(self._device)
        return self._scale(batch.inputs), batch.labels

    def position(self) -> int:
        """Mini-batches taken in this epoch."""
        return self._position

    def epoch_state(self) -> Tensor:
        """The generator's state from which this epoch's order was drawn."""
        return self._epoch_state

    def restore(self, epoch_state: Tensor, position: int) -> None:
        """Go to a saved place; the generator ends where it was then."""
        self._generator.set_state(epoch_state)
        self._start_epoch()
        self._position = position

    def _start_epoch(self) -> None:
        self._epoch_state = self._generator.get_state()
        self._order = self._shuffle()
        self._position = 0

    def _shuffle(self) -> Tensor:
        order = torch.randperm(len(self._examples), generator=self._generator)
        return order.to(self._examples.labels.device)

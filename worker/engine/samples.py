"""Some examples of each mini-batch, in a pass of their own through the network as it answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


class Share:
    """One of so many examples, several at a time: the first ones of a mini-batch, which are shuffled."""

    def __init__(self, one_of: int, at_a_time: int) -> None:
        self._one_of, self._at_a_time = one_of, at_a_time
        self._seen = 0
        self._taken = 0

    def take(self, batch_size: int) -> int:
        """How many examples of the next mini-batch are read; of the first mini-batch some are."""
        self._seen += batch_size
        due = -(-self._seen // self._one_of) - self._taken
        count = min(batch_size, max(due, self._at_a_time)) if due > 0 else 0
        self._taken += count
        return count


@contextmanager
def answering(module: nn.Module) -> Iterator[None]:
    """Within, norms take their running statistics and nothing is dropped: examples do not see each other.

    Recurrent layers stay as they are, because on a GPU they have no backward pass otherwise.
    """
    training = [layer for layer in module.modules() if layer.training and not isinstance(layer, nn.RNNBase)]
    for layer in training:
        layer.training = False
    try:
        yield
    finally:
        for layer in training:
            layer.training = True

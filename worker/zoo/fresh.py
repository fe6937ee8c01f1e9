"""A freshly initialized network of the zoo."""

from collections.abc import Sequence

import torch

from worker.engine.network import Network, capture, zeros
from worker.zoo.architectures import build_architecture


def initialize(
    name: str, input_shape: tuple[int, ...], class_count: int, seed: int, widths: Sequence[int] | None = None
) -> Network:
    """Draw the weights of an architecture from `seed` alone; torch's own random stream is left where it was.

    Raises `InvalidValue` as `build_architecture` does.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = build_architecture(name, input_shape, class_count, widths)
    return capture(module, zeros(module, input_shape), name)

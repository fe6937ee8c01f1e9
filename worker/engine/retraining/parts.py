"""Parts of a network that are trained in turn: its convolutions and its fully connected layers (Han et al. 2015)."""

from typing import Literal, TypeAlias

from worker.engine.counting import tensors_by_type
from worker.engine.graph import Network

Part: TypeAlias = Literal["conv", "linear"]


def frozen_tensors(network: Network, part: Part | None) -> frozenset[str]:
    """Names of the parameters that stay as they are while `part` is trained: those of the other part alone.

    None are frozen where a network has only one of the two, or where all of it is trained.
    """
    if part is None:
        return frozenset()
    tensors = tensors_by_type(network)
    if not tensors.get("conv") or not tensors.get("linear"):
        return frozenset()
    return tensors["linear" if part == "conv" else "conv"] - tensors[part]

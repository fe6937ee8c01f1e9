"""The network value: a graph and its tensors."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from worker.engine.graph.schema import Graph


@dataclass(frozen=True)
class Network:
    """A graph of aten operations with its tensors on the CPU, by their original state-dict names."""

    graph: Graph
    tensors: Mapping[str, Tensor]
    """Parameters and buffers; batch norm's counters are not among them."""


@dataclass(frozen=True)
class NetworkFiles:
    """A network on disk: `network.json` and a safetensors file."""

    graph: str
    weights: bytes

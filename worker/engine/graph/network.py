"""The network value: a graph and its tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from worker.engine.graph.evaluation import Result, Step, decoded_steps, meta_results
from worker.engine.graph.schema import DTYPES, FLOAT_NAMES, Graph


@dataclass(frozen=True)
class Network:
    """A graph of aten operations with its tensors on the CPU, by their original state-dict names.

    What follows from the graph alone is worked out once and kept with the value.
    """

    graph: Graph
    tensors: Mapping[str, Tensor]
    """Parameters and buffers; batch norm's counters are not among them."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The nodes with their arguments decoded."""
        return decoded_steps(self.graph)

    @cached_property
    def shapes(self) -> Mapping[str, Result]:
        """Inputs and results of all nodes by name on the meta device, for one example."""
        return meta_results(self.graph, self.steps)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the tensors that are parameters."""
        return frozenset(info.name for info in self.graph.tensors if info.kind == "parameter")

    @property
    def float_type(self) -> torch.dtype:
        """Floating-point type of the network's tensors (float32 where it has none)."""
        return next((DTYPES[info.dtype] for info in self.graph.tensors if info.dtype in FLOAT_NAMES), torch.float32)


@dataclass(frozen=True)
class NetworkFiles:
    """A network on disk: `network.json` and a safetensors file."""

    graph: str
    weights: bytes

"""Recurrent operations, which read the units that they make inside, where no node of the graph shows them."""

from collections.abc import Collection
from dataclasses import dataclass

from worker.engine.coupling.example_axes import ExampleAxes, ExampleAxis
from worker.engine.graph import Network
from worker.engine.graph.operations import RECURRENT
from worker.engine.graph.schema import TensorReference


@dataclass(frozen=True)
class CellSite:
    """A recurrent operation whose own weights read what it made one step of the sequence, or one layer, before."""

    node: str
    examples: ExampleAxis
    """Where the examples of a batch are in the sequences that it takes."""


def cells_of(network: Network, makers: Collection[str], examples: ExampleAxes) -> tuple[CellSite, ...]:
    """The recurrent operations among whose weights are `makers`; none when examples do not lie where one batches."""
    sites = []
    for step in network.steps:
        if step.kind not in RECURRENT:
            continue
        weights = {item.tensor for item in step.bound["params"] if isinstance(item, TensorReference)}
        if weights.isdisjoint(makers):
            continue
        found = examples.of(step.bound["input"].node)
        if found is None or found.axis != (0 if step.bound["batch_first"] else 1):
            return ()
        sites.append(CellSite(step.node.name, found))
    return tuple(sites)

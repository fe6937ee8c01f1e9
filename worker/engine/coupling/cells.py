"""Recurrent operations, which read the units that they make inside, where no node of the graph shows them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from worker.engine.coupling.example_axes import ExampleAxes, ExampleAxis
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.operations import RECURRENT
from worker.engine.graph.schema import TensorReference


@dataclass(frozen=True)
class CellSite:
    """A recurrent operation whose own weights read what it made one step of the sequence, or one layer, before."""

    node: str
    examples: ExampleAxis
    """Where the examples of a batch are in the sequences that it takes."""


def recurrent_steps(network: Network, makers: Collection[str]) -> list[Step]:
    """The recurrent operations among whose weights are `makers`."""
    return [
        step
        for step in network.steps
        if step.kind in RECURRENT
        and any(isinstance(item, TensorReference) and item.tensor in makers for item in step.bound["params"])
    ]


def cells_of(steps: Iterable[Step], examples: ExampleAxes) -> tuple[CellSite, ...]:
    """The sites of recurrent operations; none when examples do not lie where one of them batches."""
    found = [(step, examples.of(step.bound["input"].node)) for step in steps]
    sites = [
        CellSite(step.node.name, place)
        for step, place in found
        if place is not None and place.axis == (0 if step.bound["batch_first"] else 1)
    ]
    return tuple(sites) if len(sites) == len(found) else ()

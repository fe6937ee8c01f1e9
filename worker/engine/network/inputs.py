"""What goes into a network and what comes out: names, shapes, types, and the tables that tokens pick from."""

from itertools import chain

import torch
from torch import Tensor

from backend.domain.network import NetworkInput
from worker.engine.coupling.movement import KEEPS_VALUES
from worker.engine.graph import Network
from worker.engine.graph.schema import DTYPES, Reference, TensorReference, references

_SAME_NUMBERS = KEEPS_VALUES | {"to", "_to_copy", "type_as"}
"""Operations whose result holds numbers of their first argument."""
_FEWEST_ROWS = 2
"""Rows that an unknown table surely has."""


def network_inputs(network: Network) -> tuple[NetworkInput, ...]:
    """The inputs in their order."""
    rows = table_rows(network)
    values = chain.from_iterable((*step.args, *step.kwargs.values()) for step in network.steps)
    read = {name for value in values for name in references(value)}
    return tuple(
        NetworkInput(
            name=info.name, shape=info.shape, type=info.dtype, rows=rows.get(info.name), is_used=info.name in read
        )
        for info in network.graph.inputs
    )


def further_outputs(network: Network) -> tuple[tuple[int, ...], ...]:
    """Shapes for one example of the outputs after the first, which is the class scores."""
    return tuple(tuple(network.shapes[name].shape[1:]) for name in network.graph.outputs[1:])


def table_rows(network: Network) -> dict[str, int]:
    """Rows of the smallest table that each input picks from, by name; those that pick from none are left out.

    Numbers that are computed with on their way (shifted, clamped) are not followed.
    """
    origins = {info.name: info.name for info in network.graph.inputs}
    rows: dict[str, int] = {}
    for step in network.steps:
        if step.kind == "embedding":
            table, indices = step.bound["weight"], step.bound["indices"]
            source = origins.get(indices.node) if isinstance(indices, Reference) else None
            if source is not None and isinstance(table, TensorReference):
                count = network.tensors[table.tensor].size(0)
                rows[source] = min(count, rows.get(source, count))
        elif step.kind in _SAME_NUMBERS and step.args:
            read = references(step.args[0])
            if len(read) == 1 and read[0] in origins:
                origins[step.node.name] = origins[read[0]]
    return rows


def random_inputs(network: Network, count: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Random examples for every input (N, ...): normal numbers, or integers that are rows of every table they index."""
    generator = torch.Generator().manual_seed(seed)
    rows = table_rows(network)
    inputs = []
    for info in network.graph.inputs:
        size, dtype = (count, *info.shape), DTYPES[info.dtype]
        if dtype.is_floating_point:
            inputs.append(torch.randn(size, generator=generator).to(dtype))
        else:
            most = rows.get(info.name, _FEWEST_ROWS)
            inputs.append(torch.randint(most, size, generator=generator).to(dtype))
    return tuple(inputs)

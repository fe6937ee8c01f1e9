"""Recurrent layers: one hidden size for all layers and directions, so unit k of each of them goes together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import along
from worker.engine.coupling.mixing import mark, produced
from worker.engine.coupling.values import Layers, Note, Operation, Trace, Value, layer_name

_ROWS = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""Rows of weights for each hidden unit."""
_BOTH_WAYS = 2


@dataclass(frozen=True)
class _Cell:
    """One direction of one layer."""

    weight_ih: Value
    weight_hh: Value
    biases: tuple[Value, ...]
    weight_hr: Value | None
    """Projection of the units to the answer, where there is one."""
    is_first: bool
    """It reads the input of the whole operation, not the layer below."""


def recurrent(trace: Trace, operation: Operation) -> list[Layers]:
    """Units of LSTM, GRU and plain recurrent layers: what the answers, the last states and the last cells hold.

    Erasing a unit's rows silences it exactly: its state starts at zero and stays there. A mask on the answers would
    not, because the unit feeds back; so these groups are removed at once.
    """
    cells = _cells(operation)
    first = cells[0]
    units = trace.ledger.new(first.weight_hh.shape[0] // _ROWS[operation.kind])
    answers = units if first.weight_hr is None else trace.ledger.new(first.weight_hr.shape[0])
    trace.units.append(Note(np.concatenate([units, answers]), "hidden"))
    source = operation.values()[0]
    layer = layer_name(first.weight_ih.tensor) if first.weight_ih.tensor is not None else None
    incoming = trace.read(operation, source, len(source.shape) - 1, layer)
    everywhere = np.tile(answers, _BOTH_WAYS if operation.arguments["bidirectional"] else 1)
    for cell in cells:
        _mark(trace, operation, cell, (units, answers, incoming if cell.is_first else everywhere))
    states = operation.arguments["hx"]
    held = (answers, units)
    for state, ids in zip(states if isinstance(states, list) else [states], held, strict=False):
        _join_state(trace, operation, state, ids)
    lines = (everywhere, *held)
    return [(along(ids, len(shape) - 1, len(shape)),) for ids, shape in zip(lines, operation.shapes, strict=False)]


def _cells(operation: Operation) -> list[_Cell]:
    arguments = operation.arguments
    parameters: Sequence[Value] = arguments["params"]
    directions = _BOTH_WAYS if arguments["bidirectional"] else 1
    size = len(parameters) // (arguments["num_layers"] * directions)
    biases = 2 if arguments["has_biases"] else 0
    cells = []
    for start in range(0, len(parameters), size):
        weight_ih, weight_hh, *rest = parameters[start : start + size]
        projection = rest[biases] if len(rest) > biases else None
        cells.append(_Cell(weight_ih, weight_hh, tuple(rest[:biases]), projection, start < size * directions))
    return cells


def _mark(trace: Trace, operation: Operation, cell: _Cell, held: tuple[Ids, Ids, Ids | None]) -> None:
    """Say which channels a cell's weights hold: its units, its answers, and what it reads."""
    units, answers, below = held
    rows = np.tile(units, _ROWS[operation.kind])
    for value in (cell.weight_ih, cell.weight_hh, *cell.biases):
        mark(trace, operation, value, 0, rows)
    mark(trace, operation, cell.weight_ih, 1, below)
    mark(trace, operation, cell.weight_hh, 1, answers)
    mark(trace, operation, cell.weight_hr, 0, answers)
    mark(trace, operation, cell.weight_hr, 1, units)
    produced(trace, cell.weight_ih, 0)
    if cell.weight_hr is not None:
        produced(trace, cell.weight_hr, 0)


def _join_state(trace: Trace, operation: Operation, state: Value, ids: Ids) -> None:
    """A first state has the units on its last axis."""
    own = trace.vector(state, len(state.shape) - 1)
    if own is None:
        trace.pin(operation, ids, "starts from a state whose size cannot change")
    else:
        trace.ledger.join(own, ids)

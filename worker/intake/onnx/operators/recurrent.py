"""LSTM and GRU layers, their gates in torch's order."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.intake.onnx.call import Call, Lowering, Table, sizes_at
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.values import Known, Value, known

_TIME, _STATES_AT = 0, 5


@dataclass(frozen=True)
class _Cell:
    """What differs between the kinds of cells."""

    target: str
    order: tuple[int, ...]
    """Which of ONNX's gates stands first, second, ... in torch."""
    activations: tuple[str, ...]
    states: int


_LSTM = _Cell("lstm.input", (0, 2, 3, 1), ("Sigmoid", "Tanh", "Tanh"), 2)
_GRU = _Cell("gru.input", (1, 0, 2), ("Sigmoid", "Tanh"), 1)


def _recurrent(cell: _Cell) -> Lowering:
    def lower(call: Call) -> Sequence[Value]:
        direction = call.attributes.text("direction", "forward")
        directions = 2 if direction == "bidirectional" else 1
        _check(call, cell, directions)
        is_batch_first = bool(call.attributes.integer("layout", 0))
        source = call.value(0)
        if is_batch_first:
            source = call.emit("permute.default", source, [1, 0, 2])
        if direction == "reverse":
            source = call.emit("flip.default", source, [_TIME])
        weights = _weights(call, cell, directions)
        width = call.fixed(2, "weights").tensor.size(-1)
        states = [_state(call, source, position, (directions, width)) for position in range(cell.states)]
        has_bias = call.optional(3) is not None
        start = states if cell.states > 1 else states[0]
        options = {"train": False, "bidirectional": directions == 2, "batch_first": False}
        results = call.emit_all(cell.target, source, start, weights, has_bias, 1, 0.0, **options)
        return _answers(call, results, direction, (directions, width))

    return lower


def _check(call: Call, cell: _Cell, directions: int) -> None:
    attributes = call.attributes
    activations = [name.lower() for name in attributes.texts("activations")]
    expected = [name.lower() for name in cell.activations * directions]
    if attributes.has("clip") or attributes.has("activation_alpha") or activations not in ([], expected):
        raise call.refuse("activations of its own or clipping")
    if attributes.integer("input_forget", 0) or call.optional(7) is not None:
        raise call.refuse("coupled gates or peepholes")
    if cell is _GRU and not attributes.integer("linear_before_reset", 0):
        raise call.refuse("linear_before_reset = 0 (torch and Keras write 1)")
    if call.optional(4) is not None:
        raise call.refuse("lengths of sequences")


def _weights(call: Call, cell: _Cell, directions: int) -> list[Known]:
    """Input and hidden weights and biases by direction, as torch lists them."""
    inputs, hidden = call.fixed(1, "weights"), call.fixed(2, "weights")
    biases = None if call.optional(3) is None else call.fixed(3, "biases")
    width, gates = hidden.tensor.size(-1), len(cell.order)
    shapes = [tuple(hidden.tensor.shape), tuple(inputs.tensor.shape[:2])]
    if shapes != [(directions, gates * width, width), (directions, gates * width)]:
        raise damaged(f"holds weights of shapes {shapes} at {quoted(call.node.label)} that do not fit.")
    found = []
    for direction in range(directions):
        found += [_reordered(value.tensor[direction], cell.order, value.label) for value in (inputs, hidden)]
        if biases is not None:
            halves = biases.tensor[direction].chunk(2)
            found += [_reordered(half, cell.order, biases.label) for half in halves]
    return found


def _reordered(rows: Tensor, order: tuple[int, ...], label: str | None) -> Known:
    parts = rows.chunk(len(order))
    return known([torch.cat([parts[gate] for gate in order])], label)


def _state(call: Call, source: Value, position: int, shape: tuple[int, int]) -> Value:
    """The state at the start, (directions, N, width); zeros where the file leaves it out or states zeros."""
    stated = call.optional(_STATES_AT + position)
    if stated is not None and not (isinstance(stated, Known) and not any(map(torch.any, stated.tensors))):
        if call.attributes.integer("layout", 0):
            return call.emit("permute.default", stated, [1, 0, 2])
        return stated
    directions, width = shape
    return call.builder.zeros([directions, sizes_at(source)[1], width])


def _answers(call: Call, results: Sequence[Value], direction: str, shape: tuple[int, int]) -> list[Value]:
    """All outputs in ONNX's layout: (time, directions, N, width), then the last states (directions, N, width)."""
    directions, width = shape
    every, *last = results
    if direction == "reverse":
        every = call.emit("flip.default", every, [_TIME])
    if directions == 1:
        every = call.emit("unsqueeze.default", every, 1)
    else:
        parted = call.emit("unflatten.int", every, 2, [directions, width])
        every = call.emit("permute.default", parted, [0, 2, 1, 3])
    if call.attributes.integer("layout", 0):
        every = call.emit("permute.default", every, [2, 0, 1, 3])
        last = [call.emit("permute.default", state, [1, 0, 2]) for state in last]
    return [every, *last][: len(call.node.outputs)]


OPERATORS: Table = {"LSTM": _recurrent(_LSTM), "GRU": _recurrent(_GRU)}

"""Recurrent layers one step at a time: what their own weights read of hidden units can be shown on its way."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

States: TypeAlias = tuple[Tensor, ...]
"""Hidden state (N, answers), and the cell (N, units) of an LSTM."""
_Cell: TypeAlias = Callable[[Tensor, Tensor, States], States]
"""Next states from what the input adds (N, rows), what the hidden state adds (N, rows), and the states."""


class Unrolled(nn.Module):
    """Stands in the graph for a recurrent layer, whose weights stay its own.

    `taps` take what a weight reads of hidden units, by the weight's name in the layer: a hidden state (N, answers) of
    one step, an LSTM's units (N, units) before their projection, or what a layer reads of the layer below (length, N,
    answers of both directions). While `is_wanted` says so the layer answers step by step through them, the same up to
    rounding; else by PyTorch's fused operation, which is faster.
    """

    def __init__(self, layer: nn.RNNBase, taps: Mapping[str, nn.Module], is_wanted: Callable[[], bool]) -> None:
        super().__init__()
        self._layer = (layer,)  # not a module of this one: its tensors keep their names
        self._tap_of = dict(taps)
        self._is_wanted = is_wanted

    def forward(self, values: Tensor, states: Tensor | States | None = None) -> tuple[Tensor, Tensor | States]:
        """Answers and last states as the layer gives them, of (N, length, width) or (length, N, width)."""
        layer = self._layer[0]
        if not (self._is_wanted() and torch.is_grad_enabled()):
            return layer(values, states)  # type: ignore[no-any-return]
        answers = values.transpose(0, 1) if layer.batch_first else values
        firsts = _first_states(layer, answers, states)
        ends = ("", "_reverse") if layer.bidirectional else ("",)
        lasts: list[States] = []
        for number in range(layer.num_layers):
            read = [
                self._direction(f"_l{number}{end}", answers, tuple(first[len(lasts) + place] for first in firsts))
                for place, end in enumerate(ends)
            ]
            answers = torch.cat([line for line, _ in read], -1)
            lasts += [last for _, last in read]
            if number < layer.num_layers - 1:
                answers = functional.dropout(answers, layer.dropout, self.training)
        ended = tuple(torch.stack(parts) for parts in zip(*lasts, strict=True))
        result = answers.transpose(0, 1) if layer.batch_first else answers
        return result, ended if len(ended) > 1 else ended[0]

    def _direction(self, end: str, values: Tensor, states: States) -> tuple[Tensor, States]:
        """Answers (length, N, answers) and last states of one direction of one layer."""
        layer = self._layer[0]
        weight, bias = getattr(layer, f"weight_hh{end}"), getattr(layer, f"bias_hh{end}", None)
        projection = getattr(layer, f"weight_hr{end}", None)
        added = functional.linear(
            self._shown(f"weight_ih{end}", values),
            getattr(layer, f"weight_ih{end}"),
            getattr(layer, f"bias_ih{end}", None),
        )
        cell = _CELLS[layer.mode]
        answers = []
        for step in reversed(added) if end.endswith("_reverse") else added:
            read = self._shown(f"weight_hh{end}", states[0])
            states = cell(step, functional.linear(read, weight, bias), states)
            if projection is not None:
                units = self._shown(f"weight_hr{end}", states[0])
                states = (functional.linear(units, projection), *states[1:])
            answers.append(states[0])
        return torch.stack(answers[::-1] if end.endswith("_reverse") else answers), states

    def _shown(self, weight: str, values: Tensor) -> Tensor:
        tap = self._tap_of.get(weight)
        return values if tap is None else tap(values)


def _first_states(layer: nn.RNNBase, values: Tensor, states: Tensor | States | None) -> States:
    """Of all layers and directions, (layers x directions, N, size) each; zero where none are given.

    Given ones have a gradient even where they are constants other than zero: masks of hidden units act on them too.
    """
    if states is not None:
        given = (states,) if isinstance(states, Tensor) else tuple(states)
        return tuple(
            state if state.requires_grad or not bool(state.any()) else state.detach().requires_grad_()
            for state in given
        )
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = (layer.proj_size or layer.hidden_size, *([layer.hidden_size] if layer.mode == "LSTM" else []))
    return tuple(values.new_zeros(count, values.size(1), size) for size in sizes)


def _lstm(added: Tensor, read: Tensor, states: States) -> States:
    entry, forget, candidate, out = (added + read).chunk(4, -1)
    cell = forget.sigmoid() * states[1] + entry.sigmoid() * candidate.tanh()
    return out.sigmoid() * cell.tanh(), cell


def _gru(added: Tensor, read: Tensor, states: States) -> States:
    (reset, update, candidate), (reset_read, update_read, candidate_read) = added.chunk(3, -1), read.chunk(3, -1)
    kept = (update + update_read).sigmoid()
    fresh = (candidate + (reset + reset_read).sigmoid() * candidate_read).tanh()
    return (fresh + kept * (states[0] - fresh),)


def _tanh(added: Tensor, read: Tensor, _states: States) -> States:
    return ((added + read).tanh(),)


def _relu(added: Tensor, read: Tensor, _states: States) -> States:
    return ((added + read).relu(),)


_CELLS: Mapping[str, _Cell] = {"LSTM": _lstm, "GRU": _gru, "RNN_TANH": _tanh, "RNN_RELU": _relu}
"""By what `nn.RNNBase` calls its mode."""

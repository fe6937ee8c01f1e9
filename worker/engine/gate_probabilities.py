"""Quantiles of the probabilities that gates are open, counted on the device and fetched at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.gate_probabilities import GateProbabilities
from worker.engine.regularizers.layer_gates import LayerGates

_TICKS = 1000
"""Probabilities are told to one part in so many."""
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
_NOTHING = (None,) * len(_QUANTILES)


@dataclass(frozen=True)
class _Counts:
    """Of one set of gates: on the device, how many have each probability, and how many are open."""

    row: Tensor
    """int64 (ticks + 2,); the last is the number that is open."""
    random: int
    """How many gates have a probability."""
    decided: int
    """Of how many it is known whether they are open."""


@torch.no_grad()
def gate_probabilities(layers: Sequence[str], gates: Iterable[LayerGates]) -> GateProbabilities | None:
    """Of every layer, in this order; None without gates. Gates of several groups in one layer count together."""
    found: dict[str, list[_Counts]] = defaultdict(list)
    for item in gates:
        found[item.layer].append(_count(item))
    told = [layer for layer in layers if layer in found]
    if not told:
        return None
    rows = torch.stack([torch.stack([counts.row for counts in found[layer]]).sum(0) for layer in told]).cpu()
    totals = rows[:, :-1].cumsum(1)
    numbers: dict[str, tuple[float | None, ...]] = {}
    for layer, total, number_open in zip(told, totals, rows[:, -1].tolist(), strict=True):
        random, decided = sum(one.random for one in found[layer]), sum(one.decided for one in found[layer])
        quantiles = _quantiles(total, random) if random else _NOTHING
        numbers[layer] = (*quantiles, number_open / decided if decided else None)
    columns = zip(*(numbers.get(layer, (*_NOTHING, None)) for layer in layers), strict=True)
    return GateProbabilities(**dict(zip(GateProbabilities.model_fields, columns, strict=True)))


def _count(gates: LayerGates) -> _Counts:
    known = gates.probabilities if gates.probabilities is not None else gates.is_open
    if known is None:
        raise ValueError(f"the gates of {gates.layer} tell nothing")
    counts = torch.zeros(_TICKS + 1, dtype=torch.int64, device=known.device)
    if gates.probabilities is not None:
        ticks = (gates.probabilities.detach().flatten() * _TICKS).round_().clamp_(0, _TICKS).long()
        counts = torch.bincount(ticks, minlength=_TICKS + 1)
    is_open = gates.is_open
    number_open = counts.new_zeros(1) if is_open is None else is_open.sum().view(1)
    return _Counts(
        row=torch.cat([counts, number_open]),
        random=0 if gates.probabilities is None else gates.probabilities.numel(),
        decided=0 if is_open is None else is_open.numel(),
    )


def _quantiles(totals: Tensor, count: int) -> tuple[float, ...]:
    """The sorted values at `floor(q * (count - 1))`, from running counts by tick."""
    places = torch.tensor([int(quantile * (count - 1)) for quantile in _QUANTILES])
    ticks: list[int] = torch.searchsorted(totals, places, right=True).tolist()
    return tuple(tick / _TICKS for tick in ticks)

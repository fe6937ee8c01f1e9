"""What a step's record says of the gates that a regularizer trains."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.gate_probabilities import GateProbabilities
from worker.engine.gate_probabilities import gate_probabilities
from worker.engine.information import rounded
from worker.engine.regularizers.layer_gates import LayerGates
from worker.engine.regularizers.regularizer import Regularizer


@dataclass(frozen=True)
class GateHistory:
    """As `StepRecord` has it."""

    gates: GateProbabilities | None = None
    gate_gradient_variance: tuple[float | None, ...] = ()


def gate_history(layers: Sequence[str], regularizer: Regularizer | None) -> GateHistory:
    """Of every layer, in this order, over the mini-batches since this was last asked."""
    if regularizer is None:
        return GateHistory()
    gates = regularizer.take_gates()
    return GateHistory(gate_probabilities(layers, gates), _gradient_variance(layers, gates))


def _gradient_variance(layers: Sequence[str], gates: Iterable[LayerGates]) -> tuple[float | None, ...]:
    """Summed over a layer's gates, on the device, and fetched at once; empty where none is estimated."""
    found: dict[str, list[Tensor]] = defaultdict(list)
    for item in gates:
        if item.gradient_variance is not None:
            found[item.layer].append(item.gradient_variance.sum())
    if not found:
        return ()
    sums = torch.stack([torch.stack(parts).sum() for parts in found.values()]).tolist()
    by_layer = dict(zip(found, sums, strict=True))
    return tuple(rounded(by_layer.get(layer)) for layer in layers)

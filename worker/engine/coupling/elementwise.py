"""Element-wise operations: ids at the same place are joined."""

import torch
from torch import Tensor

from worker.engine.coupling.identities import NOTHING, loosen, varies
from worker.engine.coupling.values import Operation, Trace, nothing


def same(trace: Trace, operation: Operation) -> Tensor:
    """One operand: its ids pass through."""
    return trace.ids_of(operation.source())


def combine(trace: Trace, operation: Operation) -> Tensor:
    """Several operands: joined place by place; one that is spread over different channels is pinned."""
    shape = operation.result.shape
    operands = [_lift(trace.ids_of(value), len(shape)) for value in operation.values()]
    result: Tensor | None = None
    for position, ids in enumerate(operands):
        others = operands[:position] + operands[position + 1 :]
        if _is_spread(ids, others):
            trace.ledger.pin(ids, f"`{operation.node.name}` ({operation.kind}) spreads them over other channels")
            continue
        spread = ids.expand(shape)
        if result is None:
            result = spread
        else:
            trace.ledger.join(result, spread)
            result = loosen(torch.where(result == NOTHING, spread, result))
    return nothing(operation.result) if result is None else result


def _lift(ids: Tensor, axes: int) -> Tensor:
    return ids.reshape((1,) * (axes - ids.dim()) + tuple(ids.shape)) if ids.dim() < axes else ids


def _is_spread(ids: Tensor, others: list[Tensor]) -> bool:
    """Whether an operand is broadcast along an axis on which another holds different channels."""
    return any(
        ids.size(axis) == 1 and any(other.size(axis) > 1 and varies(other, axis) for other in others)
        for axis in range(ids.dim())
    )

"""What can be decided only when all joins are known: rectangles, picked positions, and parameters used element-wise."""

from torch import Tensor

from worker.engine.coupling.identities import compact, varying_axes
from worker.engine.coupling.values import Trace


def settle(found: Trace) -> None:
    """Decide what the walk left open."""
    _join_rectangles(found)
    roots = found.ledger.roots()
    for ids, axis, why in found.whole:
        if axis in varying_axes(_solved(ids, roots)):
            found.ledger.pin(ids, why)
    roots = found.ledger.roots()
    for name, ids in found.stored.items():
        axes = varying_axes(roots[ids])
        if len(axes) == 1:
            found.assign(name, axes[0], found.merge(ids, axes[0]))
        elif axes:
            found.ledger.pin(ids, f"`{name}` holds them on several axes")


def _join_rectangles(found: Trace) -> None:
    """Join ids until every view varies along one axis only, so that what is removed from it leaves a rectangle."""
    pending = found.rectangles
    while pending:
        roots = found.ledger.roots()
        solved = [_solved(ids, roots) for ids in pending]
        pending = [ids for ids in solved if len(varying_axes(ids)) > 1]
        for ids in pending:
            found.merge(ids, max(varying_axes(ids), key=ids.size))


def _solved(ids: Tensor, roots: Tensor) -> Tensor:
    return roots[compact(ids)].expand(ids.shape)

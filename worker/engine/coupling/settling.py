"""What can be decided only when all joins are known: what goes must leave a rectangle of every value."""

from worker.engine.coupling.identities import Ids, Solution
from worker.engine.coupling.layers import varying_axes
from worker.engine.coupling.values import Trace


def settle(found: Trace) -> Solution:
    """Join ids until every layer varies along one axis only, and solve all joins.

    Of several axes the longest stays: that leaves the most channels to choose from.
    """
    pending = list(found.grids.values())
    found.ledger.node = ""
    while True:
        solution = found.ledger.solve()
        pending = [layer for layer in pending if len(truly_varying_axes(solution.roots[layer])) > 1]
        if not pending:
            return solution
        for layer in pending:
            axes = truly_varying_axes(solution.roots[layer])
            longest = max(axes, key=lambda axis: layer.shape[axis])
            first = layer
            for axis in varying_axes(layer):
                if axis != longest:
                    first = first.take([0], axis)
            found.ledger.join(first, layer)


def truly_varying_axes(layer: Ids) -> list[int]:
    """Axes along which the ids differ."""
    return [axis for axis in varying_axes(layer) if bool((layer != layer.take([0], axis)).any())]

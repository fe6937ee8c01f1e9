"""Sums and means over channels: a sum reads them exactly, a mean also counts them."""

from dataclasses import replace

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import varying_axes
from worker.engine.coupling.reductions import reduce
from worker.engine.coupling.values import Layers, Note, Operation, Trace, Value


def total(trace: Trace, operation: Operation) -> Layers:
    """Sums and Euclidean norms: a channel that is zero adds nothing, so they read channels as a layer does."""
    return _reduced(trace, operation, _over_channels(trace, operation))


def average(trace: Trace, operation: Operation) -> Layers:
    """Means and variances read channels too, but they also count them: masking is not removal there."""
    over = _over_channels(trace, operation)
    for ids in over:
        trace.inexact.append(Note(ids, operation.node.name))
    return _reduced(trace, operation, over)


def _over_channels(trace: Trace, operation: Operation) -> list[Ids]:
    """The layers that the statistic goes over, and over nothing else: channels by themselves."""
    axes, count = operation.arguments.get("dim"), len(operation.source().shape)
    chosen = [axes] if isinstance(axes, int) else axes or range(count)
    reduced = {axis % count for axis in chosen}
    layers = trace.layers_of(operation.source())
    return [ids for ids in layers if len(varying_axes(ids)) == 1 and reduced.issuperset(varying_axes(ids))]


def _reduced(trace: Trace, operation: Operation, over: list[Ids]) -> Layers:
    """Read the channels that the statistic goes over; the others pass, or go as a whole."""
    source = operation.source()
    for ids in over:
        trace.read(operation, source, varying_axes(ids)[0])
    left = tuple(ids for ids in trace.layers_of(source) if all(ids is not read for read in over))
    rest = {**operation.arguments, next(iter(operation.arguments)): Value(source.shape, left, source.node)}
    return reduce(trace, replace(operation, arguments=rest))

"""Norms over channels follow them, and say where masking is not removal; norms within larger units are exact."""

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import varying_axes
from worker.engine.coupling.mixing import mark
from worker.engine.coupling.values import Layers, Note, Operation, Trace

_CHANNELS = 1
_DISORDER = "normalizes over them together with what is no channel"


def layer_norm(trace: Trace, operation: Operation) -> Layers:
    """Layer and RMS norm over the last axes: weight and bias follow the channels, whose statistics change."""
    source = operation.source()
    first = len(source.shape) - len(operation.arguments["normalized_shape"])
    return tuple(_normalized(trace, operation, ids, first) for ids in trace.layers_of(source))


def _normalized(trace: Trace, operation: Operation, ids: Ids, first: int) -> Ids:
    inner = [axis for axis in varying_axes(ids) if axis >= first]
    if not inner:
        return ids
    is_within = len(inner) < len(varying_axes(ids))  # such as a norm over the dimension of each head
    axis = max(inner, key=ids.shape.__getitem__)
    for other in inner:
        if is_within or other != axis:
            trace.fix(operation, ids, other, _DISORDER)
            ids = ids.take([0], other)
    if not is_within:
        for key in ("weight", "bias"):
            mark(trace, operation, operation.value(key), axis - first, ids.ravel())
        trace.inexact.append(Note(ids, operation.node.name))
    return ids


def group_norm(trace: Trace, operation: Operation) -> Layers:
    """Whole groups go, which is exact; one group over all channels is a norm over channels like any other."""
    source, groups = operation.source(), operation.arguments["num_groups"]
    trace.fix_axes(operation, source, range(_CHANNELS + 1, len(source.shape)), _DISORDER)
    channels = trace.vector(source, _CHANNELS)
    for key in ("weight", "bias"):
        mark(trace, operation, operation.value(key), 0, channels)
    if channels is not None and groups == 1:
        trace.inexact.append(Note(channels, operation.node.name))
    elif channels is not None and groups < len(channels):
        members = channels.reshape(groups, -1)
        trace.ledger.join(members[:, :1], members)
        trace.units.append(Note(channels, "group"))
    return tuple(layer for layer in trace.layers_of(source) if varying_axes(layer) in ([], [_CHANNELS]))

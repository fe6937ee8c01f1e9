"""Scaled dot products of queries, keys and values: whole heads go together; a single head gives up its dimension."""

import numpy as np

from worker.engine.coupling.identities import Ids
from worker.engine.coupling.products import BATCH, MATRIX_AXES, Factor, added, product
from worker.engine.coupling.values import Layers, Operation, Trace, Value

_HEADS = -3


def attention(trace: Trace, operation: Operation) -> Layers:
    """`softmax(q k^T * scale + mask) v`, as two products."""
    query, key, value = operation.values()[:3]
    batch = BATCH[: len(query.shape) - MATRIX_AXES]
    shape = (*query.shape[:-1], key.shape[-MATRIX_AXES])
    queries = Factor.of(trace, query, batch + "md")
    keys = _for_every_query(trace, operation, key, batch + "nd")
    scores = product(trace, operation, [queries, keys], batch + "mn")
    mask = operation.value("attn_mask")
    if mask is not None:
        scores = added(trace, operation, shape, scores, mask)
    weights = Value(shape, scores)
    trace.fix_axes(operation, weights, [len(shape) - 1], "shares attention out between them")
    values = _for_every_query(trace, operation, value, batch + "ne")
    return product(trace, operation, [Factor.of(trace, weights, batch + "mn"), values], batch + "me")


def _for_every_query(trace: Trace, operation: Operation, value: Value, letters: str) -> Factor:
    """Keys or values; with `enable_gqa` each of their heads serves several heads of queries."""
    queries = operation.values()[0].shape
    if not operation.arguments["enable_gqa"]:
        return Factor.of(trace, value, letters)
    times = queries[_HEADS] // value.shape[_HEADS]
    axis = len(value.shape) + _HEADS
    shape = tuple(size * times if place == axis else size for place, size in enumerate(value.shape))
    layers = tuple(_repeated(ids, times, axis) for ids in trace.layers_of(value))
    return Factor(letters, Value(shape, layers, value.node), layers)


def _repeated(ids: Ids, times: int, axis: int) -> Ids:
    return np.repeat(ids, times, axis) if ids.shape[axis] > 1 else ids

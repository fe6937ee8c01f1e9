"""One walk over the graph that gives every value the ids of its channels."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from worker.engine.coupling.elementwise import combine, same
from worker.engine.coupling.mixing import convolution, linear, locked
from worker.engine.coupling.movement import MOVES, concatenate, move, pad, turn
from worker.engine.coupling.reductions import batch_norm, pool, reduce, softmax
from worker.engine.coupling.settling import settle
from worker.engine.coupling.values import Operation, Trace, Value, nothing, pinned
from worker.engine.graph import Network, Node
from worker.engine.graph.evaluation import apply_operation, example_inputs, walk
from worker.engine.graph.operations import bind, kind

Rule = Callable[[Trace, Operation], Any]


def _table(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {name: rule for names, rule in rules.items() for name in names.split()}


RULES: Mapping[str, Rule] = _table(
    {
        "conv1d conv2d": convolution,
        "linear": linear,
        "batch_norm": batch_norm,
        " ".join(MOVES): move,
        "cat stack": concatenate,
        "pad constant_pad_nd": pad,
        "relu relu6 leaky_relu elu gelu silu mish softplus hardtanh hardswish hardsigmoid sigmoid tanh dropout clamp "
        "neg pow sqrt rsqrt exp abs to _to_copy": same,
        "add sub rsub mul div maximum minimum": combine,
        "max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d "
        "upsample_nearest2d": pool,
        "mean sum amax": reduce,
        "softmax log_softmax": softmax,
    }
)
"""Rule by kind of operation; an operation without one locks the channels it touches."""


def trace(network: Network) -> Trace:
    """Give every channel an id and find out which belong together, on an input of one example."""
    found = Trace()
    meta = {name: tensor.to("meta") for name, tensor in network.tensors.items()}
    stored = {name: Value(tensor, nothing(tensor), name) for name, tensor in meta.items()}
    sources = {name: Value(shape, pinned(shape)) for name, shape in example_inputs(network.graph).items()}
    found.ids |= {name: value.ids for name, value in sources.items()}

    def call(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _step(found, node, args, kwargs)

    with torch.no_grad():
        results = walk(network.steps, sources, stored.__getitem__, call)
    for output in network.graph.outputs:
        found.ledger.pin(results[output].ids, "they are the network's answer")
    settle(found)
    return found


def _step(found: Trace, node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run one operation on shapes, then its rule on ids."""

    def call(replace: Callable[[Value], Tensor]) -> Any:
        plain_args, plain_kwargs = pytree.tree_map(
            lambda leaf: replace(leaf) if isinstance(leaf, Value) else leaf, (args, kwargs)
        )
        return apply_operation(node, plain_args, plain_kwargs)

    result = call(lambda value: value.shape)
    is_list = isinstance(result, list | tuple)
    if node.target.startswith("operator.") or not (is_list or isinstance(result, Tensor)):
        found.ids[node.name] = result.ids if isinstance(result, Value) else None
        return result
    operation = Operation(node, kind(node.target), bind(node.target, args, kwargs), result, call)
    turned = turn(operation)
    if turned is not None:
        found.ids[node.name] = turned.ids
        return turned
    ids = RULES.get(operation.kind, locked)(found, operation)
    found.ids[node.name] = ids
    if is_list:
        return [Value(part, part_ids) for part, part_ids in zip(result, ids, strict=True)]
    return Value(result, ids)

"""One walk over the graph that gives every value the ids of its channels."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from worker.engine.coupling.attention import attention
from worker.engine.coupling.creation import counted, filled, filled_like
from worker.engine.coupling.elementwise import combine, reshape_as, same, scaled_below_zero
from worker.engine.coupling.embeddings import embedding
from worker.engine.coupling.halves import gated_halves
from worker.engine.coupling.joining import concatenate, pad, stack
from worker.engine.coupling.mixing import convolution, linear, locked
from worker.engine.coupling.movement import MOVES
from worker.engine.coupling.norms import group_norm, layer_norm
from worker.engine.coupling.picking import PICKS
from worker.engine.coupling.products import added_matmul, einsum, matmul
from worker.engine.coupling.recurrent import recurrent
from worker.engine.coupling.reductions import along_axis, along_last_two, batch_norm, pool, reduce, reduce_to_list
from worker.engine.coupling.scattering import scatter_range
from worker.engine.coupling.statistics import average, total
from worker.engine.coupling.values import Operation, Trace, Value
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import FLOAT_NAMES, Reference, TensorReference

Rule = Callable[[Trace, Operation], Any]


def _table(rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {name: rule for names, rule in rules.items() for name in names.split()}


RULES: Mapping[str, Rule] = {
    **_table(
        {
            "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d": convolution,
            "linear": linear,
            "batch_norm instance_norm": batch_norm,
            "prelu": scaled_below_zero,
            "tril triu": along_last_two,
            "view_as reshape_as": reshape_as,
            "cat": concatenate,
            "stack": stack,
            "pad constant_pad_nd": pad,
            "abs alias alpha_dropout bitwise_not ceil celu clone contiguous cos detach dropout elu erf exp expm1 "
            "feature_alpha_dropout feature_dropout floor gelu hardshrink hardsigmoid hardswish hardtanh isinf isnan "
            "leaky_relu log log10 log1p log2 log_sigmoid logical_not mish nan_to_num neg reciprocal relu relu6 round "
            "rsqrt selu sigmoid sign silu sin softplus softshrink sqrt square tan tanh threshold to _to_copy trunc "
            "clamp_max clamp_min type_as": same,
            "add addcdiv addcmul bitwise_and bitwise_or bitwise_xor clamp div eq expand_as floor_divide ge gt le lerp "
            "logical_and logical_or logical_xor lt masked_fill maximum minimum mul ne pow remainder rsub sub "
            "where": combine,
            "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d "
            "adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d "
            "upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_bilinear2d upsample_bicubic2d "
            "upsample_linear1d upsample_trilinear3d _upsample_bilinear2d_aa _upsample_nearest_exact1d "
            "_upsample_nearest_exact2d _upsample_nearest_exact3d": pool,
            "sum linalg_vector_norm norm": total,
            "mean var std": average,
            "amax amin prod logsumexp max min argmax": reduce,
            "var_mean": reduce_to_list,
            "softmax log_softmax cumsum cumprod": along_axis,
            "zeros ones full new_zeros new_ones new_full": filled,
            "zeros_like ones_like full_like fill": filled_like,
            "arange": counted,
            "matmul bmm mm": matmul,
            "addmm baddbmm": added_matmul,
            "einsum": einsum,
            "scaled_dot_product_attention": attention,
            "layer_norm rms_norm": layer_norm,
            "group_norm": group_norm,
            "embedding": embedding,
            "lstm gru rnn_tanh rnn_relu": recurrent,
            "glu": gated_halves,
            "slice_scatter": scatter_range,
        }
    ),
    **MOVES,
    **PICKS,
}
"""Rule by kind of operation; an operation without one locks the channels it touches."""


def trace(network: Network) -> Trace:
    """Give every channel an id and find out which belong together, on an input of one example."""
    found = Trace(network.tensors, {info.name: info.shape for info in network.graph.tensors})
    shapes = network.shapes
    for info in network.graph.inputs:
        found.values[info.name] = Value(tuple(shapes[info.name].shape), (), info.name)
    stored = {
        info.name: Value(info.shape, tensor=info.name, is_float=info.dtype in FLOAT_NAMES)
        for info in network.graph.tensors
    }

    def resolve(argument: Any) -> Any:
        if isinstance(argument, Reference):
            return found.values[argument.node]
        if isinstance(argument, TensorReference):
            return stored[argument.tensor]
        if isinstance(argument, list):
            return [resolve(item) for item in argument]
        return argument

    for step in network.steps:
        found.ledger.node = step.node.name
        arguments = {name: resolve(argument) for name, argument in step.bound.items()}
        found.values[step.node.name] = _result(found, step, arguments, shapes[step.node.name])
    for output in network.graph.outputs:
        found.ledger.node = output
        for layer in found.layers_of(found.values[output]):
            found.ledger.pin(layer, "they are the network's answer")
    return found


def _result(found: Trace, step: Step, arguments: Mapping[str, Any], result: Any) -> Any:
    """What a node gives: a value, a list of them, or a plain number."""
    name = step.node.name
    if step.kind == "getitem":
        part = arguments["0"][arguments["1"]]
        return Value(part.shape, part.layers, name, part.tensor, part.is_float) if isinstance(part, Value) else part
    if step.kind == "sym_size":
        found.fix_axes(_operation(step, arguments, ()), arguments["self"], [arguments["dim"]], "asks for their number")
        return result
    if isinstance(result, Tensor):
        shape = tuple(result.shape)
        layers = _apply(found, _operation(step, arguments, (shape,)))
        _note_grids(found, layers)
        return Value(shape, layers, name, None, result.is_floating_point())
    if isinstance(result, list | tuple):
        shapes = tuple(tuple(part.shape) for part in result)
        parts = _apply(found, _operation(step, arguments, shapes))
        parts = parts if isinstance(parts, list) else [parts] * len(shapes)
        for layers in parts:
            _note_grids(found, layers)
        return [Value(shape, layers, name) for shape, layers in zip(shapes, parts, strict=True)]
    return result


def _operation(step: Step, arguments: Mapping[str, Any], shapes: tuple[tuple[int, ...], ...]) -> Operation:
    return Operation(step.node, step.kind, arguments, shapes)


def _apply(found: Trace, operation: Operation) -> Any:
    if not operation.values():
        return RULES.get(operation.kind, counted)(found, operation)
    return RULES.get(operation.kind, locked)(found, operation)


def _note_grids(found: Trace, layers: tuple[Any, ...]) -> None:
    """Keep layers that vary along several axes: what goes must leave a rectangle of them."""
    for layer in layers:
        if sum(size > 1 for size in layer.shape) > 1:
            found.grids[id(layer)] = layer

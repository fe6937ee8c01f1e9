"""Matrix products: a constant right-hand side makes a linear layer, whose weight is kept as (out, in)."""

from collections.abc import Sequence

from worker.intake.onnx.call import Call, Table, dtype_of, rank_of, shape_of
from worker.intake.onnx.names import is_given
from worker.intake.onnx.values import Known, Live, Value


def _matmul(call: Call) -> Value:
    left, right = call.value(0), call.value(1)
    _check_floats(call, left, right)
    if isinstance(left, Live) and isinstance(right, Known) and rank_of(right) == 2 and right.is_fixed:
        return call.emit("linear.default", left, call.emit("t.default", right))
    return call.emit("matmul.default", left, right)


def _gemm(call: Call) -> Value:
    """Alpha A B + beta C, both matrices transposed on demand; the factors go into the constants."""
    alpha, beta = call.attributes.number("alpha", 1.0), call.attributes.number("beta", 1.0)
    left, right, bias = call.value(0), call.value(1), call.optional(2)
    _check_floats(call, left, right)
    if call.attributes.integer("transA", 0):
        left = call.emit("t.default", left)
    is_out_first = bool(call.attributes.integer("transB", 0))
    if isinstance(left, Live) and isinstance(right, Known) and right.is_fixed:
        weight = right if is_out_first else call.emit("t.default", right)
        vector = _bias(call, bias, beta, shape_of(weight)[0])
        weight = _scaled(call, weight, alpha)
        result = call.emit("linear.default", left, weight, vector)
        return (
            result if vector is not None or bias is None else call.emit("add.Tensor", result, _scaled(call, bias, beta))
        )
    product = call.emit("matmul.default", left, call.emit("t.default", right) if is_out_first else right)
    product = _scaled(call, product, alpha)
    return product if bias is None else call.emit("add.Tensor", product, _scaled(call, bias, beta))


def _check_floats(call: Call, *values: Value) -> None:
    if any(not dtype_of(value).is_floating_point for value in values) and any(isinstance(v, Live) for v in values):
        raise call.refuse("whole numbers")


def _scaled(call: Call, value: Value, factor: float) -> Value:
    return value if factor == 1 else call.emit("mul.Tensor", value, factor)


def _bias(call: Call, bias: Value | None, beta: float, width: int) -> Known | None:
    """A constant that is the same for every example as a vector (out,); None when there is no such."""
    if not isinstance(bias, Known) or not bias.is_fixed or bias.tensor.numel() not in (1, width):
        return None
    if rank_of(bias) > 1 and shape_of(bias)[-1] != bias.tensor.numel():
        return None
    vector = call.emit("expand.default", call.emit("reshape.default", bias, [-1]), [width])
    scaled = _scaled(call, vector, beta)
    return scaled if isinstance(scaled, Known) else None


def _einsum(call: Call) -> Value:
    """A product with a constant matrix over the last axis is a linear layer."""
    equation = call.attributes.text("equation", "").replace(" ", "")
    operands = [call.value(position) for position in range(len(call.values))]
    terms, _, answer = equation.partition("->")
    if len(operands) == 2 and isinstance(operands[0], Live) and isinstance(operands[1], Known):
        first, _, second = terms.partition(",")
        if rank_of(operands[1]) == 2 and _is_linear(first, second, answer):
            is_out_first = second[1] == first[-1]
            weight = operands[1] if is_out_first else call.emit("t.default", operands[1])
            return call.emit("linear.default", operands[0], weight)
    return call.emit("einsum.default", equation, operands)


def _is_linear(first: str, second: str, answer: str) -> bool:
    """Whether `...i,ij->...j` or `...i,ji->...j` is meant."""
    if len(second) != 2 or not first or not answer or second[0] == second[1] or first[-1] not in second:
        return False
    made = second.replace(first[-1], "")
    return (
        answer == first[:-1] + made
        and made not in first
        and len(set(first.replace(".", ""))) == len(first.replace(".", ""))
    )


def _identity(call: Call) -> Value | Sequence[Value]:
    """The same value; where the result has a name of its own, a tensor of its own too.

    The old exporter of PyTorch merges parameters that happen to be equal, such as those of copied layers, and gives
    their names to copies; what is one parameter in the network keeps one name, or gets a numbered one.
    """
    source, name = call.value(0), call.node.outputs[0]
    if isinstance(source, Known) and source.label is not None and is_given(name):
        return Known(tuple(tensor.clone() for tensor in source.tensors), name)
    return source


OPERATORS: Table = {"MatMul": _matmul, "Gemm": _gemm, "Einsum": _einsum, "Identity": _identity}

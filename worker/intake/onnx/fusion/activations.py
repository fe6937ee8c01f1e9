"""Activations that are written out as arithmetic: SiLU, hard swish, Mish, GELU."""

import math
from typing import Any

from worker.engine.graph.schema import Reference
from worker.intake.onnx.fusion.matching import Matcher, rewrite
from worker.intake.onnx.program import Step

_ROOT_HALF = math.sqrt(0.5)
_TANH_SCALE = math.sqrt(2 / math.pi)
_TANH_CUBE = 0.044715
_MOST_FACTORS = 6


def product(match: Matcher, step: Step) -> bool:
    """SiLU as x sigmoid(x), hard swish as x hardsigmoid(x), Mish as x tanh(softplus(x))."""
    if step.kind != "mul":
        return False
    for source, gate in match.pairs(step):
        made = match.step(gate, "sigmoid", "hardsigmoid", "tanh")
        if made is None:
            continue
        if made.args[0] == source and made.kind != "tanh":
            return rewrite(step, {"sigmoid": "silu.default", "hardsigmoid": "hardswish.default"}[made.kind], source)
        soft = match.step(made.args[0], "softplus") if made.kind == "tanh" else None
        if soft is not None and soft.args == (source,):
            return rewrite(step, "mish.default", source)
    return False


def hard_sigmoid(match: Matcher, step: Step) -> bool:
    """relu6(x + 3) / 6."""
    inner = match.step(match.scaled(Reference(step.name), 1 / 6), "relu6")
    source = None if inner is None else match.plus(inner.args[0], 3.0)
    return source is not None and rewrite(step, "hardsigmoid.default", source)


def gelu(match: Matcher, step: Step) -> bool:
    """GELU as x (1 + erf(x / sqrt 2)) / 2, or its approximation by tanh, multiplied in any order."""
    if step.kind not in ("mul", "div"):
        return False
    for factor in _factors(match, step, None):
        bent = match.step(match.plus(factor, 1.0), "erf", "tanh")
        if bent is None:
            continue
        source = _exact(match, bent) if bent.kind == "erf" else _approximate(match, bent)
        if source is None:
            continue
        rest = [other for other in _factors(match, step, source) if other != factor]
        numbers = [match.number(other) for other in rest if other != source]
        if rest.count(source) == 1 and None not in numbers and len(rest) > 1:
            if not math.isclose(math.prod(filter(None, numbers)), 0.5, rel_tol=1e-6):
                continue
            approximate = "none" if bent.kind == "erf" else "tanh"
            return rewrite(step, "gelu.default", source, approximate=approximate)
    return False


def _exact(match: Matcher, bent: Step) -> Any:
    return match.scaled(bent.args[0], _ROOT_HALF)


def _approximate(match: Matcher, bent: Step) -> Any:
    """The x of tanh(sqrt(2 / pi) (x + 0.044715 x^3))."""
    total = match.step(match.scaled(bent.args[0], _TANH_SCALE), "add")
    for source, rest in match.pairs(total) if total is not None else []:
        cube = match.scaled(rest, _TANH_CUBE)
        if cube is not None and _is_cube(match, cube, source):
            return source
    return None


def _is_cube(match: Matcher, value: Any, source: Any) -> bool:
    power, times = match.step(value, "pow"), match.step(value, "mul")
    if power is not None:
        return bool(power.args[0] == source) and match.is_number(power.args[1], 3.0)
    if times is None:
        return False
    squares = [match.step(other, "mul", "pow") for one, other in match.pairs(times) if one == source]
    return any(square is not None and _is_square(match, square, source) for square in squares)


def _is_square(match: Matcher, square: Step, source: Any) -> bool:
    if square.kind == "mul":
        return square.args == (source, source)
    return bool(square.args[0] == source) and match.is_number(square.args[1], 2.0)


def _factors(match: Matcher, step: Step, whole: Any) -> list[Any]:
    """What is multiplied to make a step; `whole` is not taken apart, and a division by a number is a factor too."""
    found: list[Any] = []
    pending: list[Any] = list(_operands(match, step))
    while pending and len(found) + len(pending) <= _MOST_FACTORS:
        value = pending.pop(0)
        inner = None if value == whole else match.step(value, "mul", "div")
        if inner is None:
            found.append(value)
        else:
            pending += _operands(match, inner)
    return [*found, *pending]


def _operands(match: Matcher, step: Step) -> tuple[Any, ...]:
    if step.kind == "mul" or len(step.args) != 2:
        return step.args
    number = match.number(step.args[1])
    return (step.args[0], 1 / number) if number else step.args

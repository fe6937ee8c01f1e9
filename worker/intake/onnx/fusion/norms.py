"""Layer, RMS and group norm written out as means, differences and roots."""

from typing import Any

from torch import Tensor

from worker.engine.graph.schema import Reference
from worker.intake.onnx.fusion.matching import Matcher, rewrite
from worker.intake.onnx.program import Step


def layer_norm(match: Matcher, step: Step) -> bool:
    """(x - mean) / sqrt(mean of squares + eps) over the last axis; without the difference it is the RMS norm."""
    for centered, inverse in _quotients(match, step):
        variance, epsilon = _root(match, inverse)
        squares = None if variance is None else _mean(match, variance)
        base = None if squares is None else _square(match, squares)
        if base is None or epsilon is None:
            continue
        source = _centered_source(match, centered)
        if source is not None and _centered_source(match, base) == source:
            return rewrite(step, "layer_norm.default", source, [_width(match, source)], None, None, epsilon)
        if base == centered:
            return rewrite(step, "rms_norm.default", centered, [_width(match, centered)], None, epsilon)
    return False


def affine(match: Matcher, step: Step) -> bool:
    """A scale and a shift that follow a norm without them."""
    if step.kind not in ("mul", "add"):
        return False
    for source, vector in match.pairs(step):
        norm = match.step(source, "layer_norm", "rms_norm", "group_norm")
        if norm is None or not match.is_read_once(norm):
            continue
        position = {"layer_norm": 2, "rms_norm": 2, "group_norm": 2}[norm.kind] + (step.kind == "add")
        if norm.args[position] is not None or (step.kind == "add" and norm.kind == "rms_norm"):
            continue
        shape = match.program.shapes[step.name]
        is_group = norm.kind == "group_norm"
        width, trailing = (shape[1], len(shape) - 2) if is_group else (shape[-1], 0)
        stored = match.vector(vector, width, trailing)
        if stored is not None:
            args = [stored if at == position else value for at, value in enumerate(norm.args)]
            return rewrite(step, norm.target.removeprefix("aten."), *args, **norm.kwargs)
    return False


def group_norm(match: Matcher, step: Step) -> bool:
    """An instance norm over channels that were put together in groups, and taken apart again."""
    inner = match.step(step.args[0], "instance_norm") if step.kind in ("reshape", "view") else None
    grouped = match.step(inner.args[0], "reshape", "view") if inner is not None else None
    if inner is None or grouped is None or not isinstance(grouped.args[0], Reference):
        return False
    source, groups = grouped.args[0], match.program.shapes[grouped.name]
    shape = match.program.shapes[source.node]
    is_plain = _is_all(match.tensor(inner.args[1]), 1.0) and _is_all(match.tensor(inner.args[2]), 0.0)
    if match.program.shapes[step.name] != shape or len(groups) != 3 or shape[1] % groups[1] or not is_plain:
        return False
    return rewrite(step, "group_norm.default", source, groups[1], None, None, inner.kwargs["eps"])


def _is_all(tensor: Tensor | None, number: float) -> bool:
    return tensor is not None and bool((tensor == number).all())


def _width(match: Matcher, source: Reference) -> int:
    return match.program.shapes[source.node][-1]


def _quotients(match: Matcher, step: Step) -> list[tuple[Any, Any]]:
    """Pairs of what is divided and what makes the divisor: the root itself, or its inverse as a factor."""
    if step.kind == "div" and len(step.args) == 2:
        return [(step.args[0], match.step(step.args[1], "sqrt"))]
    if step.kind != "mul":
        return []
    found = []
    for value, factor in match.pairs(step):
        inverse = match.step(factor, "reciprocal", "rsqrt", "pow")
        if inverse is not None and inverse.kind == "reciprocal":
            inverse = match.step(inverse.args[0], "sqrt")
        found.append((value, inverse))
    return found


def _root(match: Matcher, step: Step | None) -> tuple[Any, float | None]:
    """Variance and epsilon of sqrt(variance + eps), or of its inverse."""
    if step is None or (step.kind == "pow" and not match.is_number(step.args[1], -0.5)):
        return None, None
    total = match.step(step.args[0], "add")
    for value, number in match.pairs(total) if total is not None else []:
        epsilon = match.number(number)
        if epsilon is not None and 0 < epsilon < 1:
            return value, epsilon
    return None, None


def _mean(match: Matcher, value: Any) -> Any:
    """What a mean over the last axis, which stays, is taken of."""
    step = match.step(value, "mean")
    if step is None or len(step.args) != 3 or not step.args[2] or not isinstance(step.args[0], Reference):
        return None
    last = len(match.program.shapes[step.args[0].node]) - 1
    return step.args[0] if list(step.args[1]) == [last] else None


def _square(match: Matcher, value: Any) -> Any:
    step = match.step(value, "pow", "mul")
    if step is None or (step.kind == "pow" and not match.is_number(step.args[1], 2.0)):
        return None
    return step.args[0] if step.kind == "pow" or step.args[0] == step.args[1] else None


def _centered_source(match: Matcher, value: Any) -> Any:
    """The x of x - mean(x)."""
    step = match.step(value, "sub")
    if step is None or len(step.args) != 2:
        return None
    return step.args[0] if _mean(match, step.args[1]) == step.args[0] else None

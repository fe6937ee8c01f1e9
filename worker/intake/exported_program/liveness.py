"""Which steps of a program count, so that only what they read is loaded and judged."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from worker.engine.network.canonical import CHECKS
from worker.intake.exported_program.arguments import Value
from worker.intake.exported_program.operations import Step
from worker.intake.exported_program.signature import STATELESS
from worker.intake.refusals import printable, rejected

IN_PLACE = re.compile(r"aten\.(\w*[A-Za-z0-9]_|__i(and|or|xor|lshift|rshift)__)\.\w+", re.ASCII)
DRAWS = frozenset({"aten.bernoulli.default", "aten.bernoulli.p", "aten.bernoulli_.float", "aten.bernoulli_.Tensor"})
PRODUCTS = frozenset({"aten.mul.Tensor", "aten.mul_.Tensor"})
SCALES = frozenset({*PRODUCTS, "aten.div.Tensor", "aten.div_.Tensor", "aten.div.Scalar", "aten.div_.Scalar"})


def without_noise(steps: Sequence[Step], outputs: Sequence[str]) -> tuple[list[Step], tuple[str, ...]]:
    """Steps and outputs without products with drawn noise: stochastic depth, which only acts in training.

    The noise has mean one: it is drawn from zero and one, and divided by the probability of one.
    """
    stands_for: dict[str, Value] = {}
    noise: set[str] = set()
    kept = []
    for step in steps:
        step = replace(step, arguments=tuple((name, _renamed(value, stands_for)) for name, value in step.arguments))
        operands = [value for _, value in step.arguments if isinstance(value, Value)]
        drawn = [value for value in operands if value.name in noise]
        results = [name for name in step.outputs if name]
        if step.target in DRAWS or (step.target in SCALES and drawn and len(drawn) == len(operands)):
            noise.update((*(value.name for value in operands[:1]), *results))
        elif step.target in PRODUCTS and len(drawn) == 1 and results:
            stands_for[results[0]] = next(value for value in operands if value not in drawn)
        else:
            kept.append(step)
    return kept, tuple(stands_for.get(name, Value(name)).name for name in outputs)


def alive(steps: Sequence[Step], outputs: Sequence[str], tensors: Mapping[str, str]) -> list[Step]:
    """The steps that the outputs depend on, in order; writes to values count, writes to unread tensors do not.

    `tensors` gives the tensor's name by placeholder. Raises `FileRefusal` for a write to a tensor that is read.
    """
    needed = set(outputs)
    kept = []
    for step in reversed(steps):
        if step.target in CHECKS:
            continue
        written = next(step.read(), None) if IN_PLACE.fullmatch(step.target) else None
        is_read = bool(needed.intersection(name for name in step.outputs if name))
        if written is not None and written in tensors and (written in needed or is_read):
            raise rejected(
                f"writes to its tensor `{printable(tensors[written])}` while it runs"
                f"{f' ({step.place})' if step.place else ''}.",
                STATELESS,
            )
        is_write = written is not None and written not in tensors
        if is_write or is_read:
            read = tuple(name if name in needed else None for name in step.outputs)
            kept.append(replace(step, outputs=read) if step.is_list else step)
            needed.update(step.read())
    return kept[::-1]


def _renamed(value: Any, stands_for: Mapping[str, Value]) -> Any:
    if isinstance(value, Value):
        return stands_for.get(value.name, value)
    return [_renamed(item, stands_for) for item in value] if isinstance(value, list) else value

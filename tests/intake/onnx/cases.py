"""How a case of an operator's test is written."""

from dataclasses import dataclass, field

import numpy as np

from tests.intake.onnx.models import random

PICTURE = (4, 6, 5)
SEQUENCE = (4, 9)
VOLUME = (2, 4, 5, 6)
ROW = (6,)


@dataclass
class Case:
    """One node that reads `x` (N, *shape) and constants in their order; a name with an underscore is left out."""

    operator: str
    shape: tuple = PICTURE
    constants: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)
    reads: list | None = None
    """Names of the inputs, where `x` is not the first."""
    makes: tuple = ("y",)
    result: str = "y"
    first: int = 13
    last: int = 22
    range: tuple = (-2.0, 2.0)


def case(operator, shape=PICTURE, constants=None, **options):
    own = {key: options.pop(key) for key in ("reads", "makes", "result", "first", "last", "range") if key in options}
    return Case(operator, shape, constants or {}, options, **own)


def numbers(*values):
    return np.array(values, dtype=np.float32)


def weight(*shape, seed=7):
    return random(*shape, seed=seed, low=-0.5, high=0.5)

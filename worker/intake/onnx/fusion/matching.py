"""Looking at a program from the end of a pattern backwards."""

from typing import Any

from torch import Tensor

from worker.engine.graph.schema import Reference, TensorReference
from worker.intake.onnx.program import Program, Step, Stored

CLOSE = 1e-4
"""Relative difference up to which a constant is taken for the one of a formula."""


class Matcher:
    """Answers what makes an argument; every pattern rewrites the last of its steps in place."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._readers = program.readers()

    def step(self, value: Any, *kinds: str) -> Step | None:
        """The step that makes a value, when it is of one of the kinds."""
        step = self.program.steps.get(value.node) if isinstance(value, Reference) else None
        return step if step is not None and step.kind in kinds else None

    def is_read_once(self, step: Step) -> bool:
        """Whether nothing else needs a step's result."""
        return len(self._readers[step.name]) == 1

    def tensor(self, value: Any) -> Tensor | None:
        """A stored tensor."""
        return self.program.stored[value.tensor].tensor if isinstance(value, TensorReference) else None

    def number(self, value: Any) -> float | None:
        """A plain number, or a stored tensor of one element."""
        if isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            return float(value)
        tensor = self.tensor(value)
        return float(tensor) if tensor is not None and tensor.numel() == 1 else None

    def is_number(self, value: Any, expected: float) -> bool:
        """Whether a value is a number of a formula, as exactly as float32 and short decimals go."""
        number = self.number(value)
        return number is not None and abs(number - expected) <= CLOSE * abs(expected)

    def pairs(self, step: Step) -> list[tuple[Any, Any]]:
        """The two operands of a commutative step, in both orders."""
        if len(step.args) != 2 or step.kwargs:
            return []
        left, right = step.args
        return [(left, right), (right, left)]

    def scaled(self, value: Any, factor: float) -> Any:
        """What is multiplied by `factor` (or divided by its inverse) to make a value; None when nothing is."""
        product, quotient = self.step(value, "mul"), self.step(value, "div")
        if product is not None:
            return next((other for other, number in self.pairs(product) if self.is_number(number, factor)), None)
        if quotient is not None and len(quotient.args) == 2 and self.is_number(quotient.args[1], 1 / factor):
            return quotient.args[0]
        return None

    def plus(self, value: Any, number: float) -> Any:
        """What a number is added to to make a value; None when that is not how it is made."""
        total = self.step(value, "add")
        if total is None:
            return None
        return next((other for other, added in self.pairs(total) if self.is_number(added, number)), None)

    def vector(self, value: Any, width: int, trailing: int = 0) -> TensorReference | None:
        """A stored tensor that holds one number for each of `width` channels and has `trailing` axes of one after them.

        It is kept as a vector; None when the value is no such tensor.
        """
        tensor = self.tensor(value)
        if tensor is None or not tensor.is_floating_point() or tensor.numel() != width:
            return None
        shape = tuple(tensor.shape)
        core = shape[: len(shape) - trailing] if trailing else shape
        if any(size != 1 for size in shape[len(core) :]) or not core or core[-1] != width:
            return None
        if len(shape) == 1:
            return TensorReference(value.tensor)
        stored = self.program.stored[value.tensor]
        return self.program.add_tensor(Stored(tensor.reshape(-1), stored.label, is_parameter=True))


def rewrite(step: Step, target: str, *args: Any, **kwargs: Any) -> bool:
    """Make a step another operation; always True, so that patterns can end with it."""
    step.target, step.args, step.kwargs = f"aten.{target}", args, kwargs
    return True

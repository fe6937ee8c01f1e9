"""Along which axis of a value the examples of a batch lie: not always the first, and not always alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal, TypeAlias

from torch import Tensor

from worker.engine.coupling.layers import Shape, blocks
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Result, Step, meta_results
from worker.engine.graph.operations import RECURRENT
from worker.engine.graph.schema import Reference

_RESHAPES = frozenset({"view", "_unsafe_view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"})
_TWO = 2
"""A batch that differs from one example in the axes that examples lie along, and nowhere else."""
Order: TypeAlias = Literal["alone", "outermost", "innermost"]


@dataclass(frozen=True)
class ExampleAxis:
    """Examples lie along `axis`, alone or with something else: then they are the slowest or the fastest to change."""

    axis: int
    order: Order = "alone"


FIRST = ExampleAxis(0)


class ExampleAxes:
    """Finds where the examples are in the values of one network."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._steps = {step.node.name: step for step in network.steps}

    @cached_property
    def are_first(self) -> bool:
        """No operation moves the examples from the first axis, or puts anything beside them."""
        return not any(_may_move_examples(step, self._steps) for step in self._network.steps)

    def of(self, name: str) -> ExampleAxis | None:
        """Where the examples are in a node's value; None when it cannot be told."""
        if self.are_first:
            return FIRST
        axis = self._axis(name)
        if axis is None:
            return None
        order = self._order(name, axis)
        return None if order is None else ExampleAxis(axis, order)

    def is_free_of_examples(self, name: str, axis: int) -> bool:
        """Whether an axis has the same size for any batch."""
        return self.are_first or _shape(self._network.shapes[name])[axis] == _shape(self._doubled[name])[axis]

    @cached_property
    def _doubled(self) -> Mapping[str, Result]:
        return meta_results(self._network.graph, self._network.steps, batch=_TWO)

    def _axis(self, name: str) -> int | None:
        """The only axis whose size follows the batch."""
        if isinstance(self._network.shapes[name], int):
            return None
        sizes = zip(_shape(self._network.shapes[name]), _shape(self._doubled[name]), strict=True)
        axes = [axis for axis, (single, double) in enumerate(sizes) if single != double]
        return axes[0] if len(axes) == 1 else None

    def _order(self, name: str, axis: int) -> Order | None:
        """How examples lie along an axis: followed back to where they were put beside something else."""
        turns = []
        size = _shape(self._doubled[name])[axis]
        while _shape(self._network.shapes[name])[axis] > 1:
            earlier = self._source(name)
            if earlier is None:
                return None
            old, new = _shape(self._doubled[earlier[0]]), _shape(self._doubled[name])
            if self._steps[name].kind in _RESHAPES:
                turns.append((old, earlier[1], new, axis))
            elif old[earlier[1]] != new[axis]:
                return None
            name, axis = earlier
        stride: int | None = 1
        for turn in reversed(turns):
            stride = None if stride is None else _stride_after(stride, *turn)
        if stride is None:
            return None
        return "alone" if size == _TWO else "innermost" if stride == 1 else "outermost"

    def _source(self, name: str) -> tuple[str, int] | None:
        """The first value that a node reads examples from, and their axis there."""
        step = self._steps.get(name)
        arguments = [] if step is None else [argument for argument in step.args if isinstance(argument, Reference)]
        for argument in arguments:
            axis = self._axis(argument.node)
            if axis is not None:
                return argument.node, axis
        return None


def _stride_after(stride: int, old: Shape, before: int, new: Shape, after: int) -> int | None:
    """Distance of two examples along axis `after` of `new`, when it was `stride` along axis `before` of `old`.

    None when the reshape tears examples apart, or when they are neither the slowest nor the fastest to change.
    """
    olds, news = next(block for block in blocks(old, new) if before in block[0])
    elements, unit = stride * prod(old[before + 1 : olds.stop]), prod(new[after + 1 : news.stop])
    result = elements // unit
    is_whole = after in news and elements % unit == 0 and new[after] % (result * _TWO) == 0
    return result if is_whole and (result == 1 or result * _TWO == new[after]) else None


def _shape(value: Result) -> Shape:
    """Shape of a result; of the first part, when there are several."""
    return tuple((value if isinstance(value, Tensor) else value[0]).shape)


def _may_move_examples(step: Step, steps: Mapping[str, Step]) -> bool:
    """Whether an operation may put examples elsewhere than along the first axis, alone."""
    bound = step.bound
    match step.kind:
        case "view" | "_unsafe_view" | "reshape":
            first = bound.get("size", bound.get("shape"))[0]
            return not (isinstance(first, Reference) and steps[first.node].kind == "sym_size")
        case "permute":
            return bool(bound["dims"][0] != 0)
        case "transpose":
            return 0 in (bound["dim0"], bound["dim1"])
        case "flatten":
            return bool(bound["start_dim"] == 0)
        case "unsqueeze" | "select" | "stack" | "unbind" | "unflatten":
            return bool(bound["dim"] == 0)
        case "t" | "movedim":
            return True
    return step.kind in RECURRENT  # their last states have examples on axis 1

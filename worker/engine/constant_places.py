"""A node among the constants of the nodes before it: what rules on constants read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.coupling.example_axes import ExampleAxes
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Argument, Reference, TensorReference

Constants: TypeAlias = NDArray[np.float64]
"""An array that broadcasts to a value without its batch: NaN where the value depends on the input."""


@dataclass(frozen=True)
class Place:
    """One node: its arguments, the shape of its result, and the constants of earlier nodes."""

    network: Network
    examples: ExampleAxes
    step: Step
    shape: tuple[int, ...]
    """Of the result for one example; of the first where there are several."""
    found: Mapping[str, Constants]
    pieces: Mapping[str, Sequence[Constants]]
    """Of nodes that give several values."""

    @property
    def first(self) -> str:
        """Name of the first argument: what most operations work on."""
        return next(iter(self.step.bound))

    def constants(self, key: str) -> Constants:
        """Constants of an argument, with its number of axes; numbers and stored tensors are constant."""
        return self.constants_of(self.step.bound[key])

    def constants_of(self, argument: Argument) -> Constants:
        """Constants of a value that is an argument or in a list of them."""
        if isinstance(argument, TensorReference):
            values: Constants = self.network.tensors[argument.tensor].double().numpy()
            return values
        if isinstance(argument, Reference):
            value = self.network.shapes[argument.node]
            axes = value.dim() if isinstance(value, Tensor) else 0  # a size may be that of the batch
            return self.found.get(argument.node, np.full((1,) * axes, np.nan))
        return np.array(float(argument))

    def source_shape(self, key: str) -> tuple[int, ...]:
        """Shape of an argument that is a node or a stored tensor."""
        return self.shape_of(self.step.bound[key])

    def shape_of(self, argument: Any) -> tuple[int, ...]:
        """Shape of a node or a stored tensor, for one example."""
        if isinstance(argument, TensorReference):
            return tuple(self.network.tensors[argument.tensor].shape)
        return tuple(self.network.shapes[argument.node].shape)

    def spread(self, argument: Any, axes: Sequence[int]) -> Constants | None:
        """Constants of a value, in its full size along some axes; None where examples may lie along one of them."""
        shape, constants = self.shape_of(argument), self.constants_of(argument)
        places = {axis % len(shape) for axis in axes}
        if isinstance(argument, Reference) and not all(map(self._is_free(argument.node), places)):
            return None
        full: Constants = np.broadcast_to(
            constants, [shape[axis] if axis in places else size for axis, size in enumerate(constants.shape)]
        )
        return full

    def stored(self, key: str) -> Tensor | None:
        """A stored tensor in float64, None when there is none."""
        argument = self.step.bound.get(key)
        return self.network.tensors[argument.tensor].double() if isinstance(argument, TensorReference) else None

    def _is_free(self, node: str) -> Any:
        return lambda axis: axis > 0 and self.examples.is_free_of_examples(node, axis)

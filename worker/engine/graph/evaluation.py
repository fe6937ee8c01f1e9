"""Walking a graph: decode each node's arguments, call something for it, keep the results by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor

from worker.engine.graph.inference import infer
from worker.engine.graph.operations import FACTORIES, OPERATIONS, bind, kind
from worker.engine.graph.schema import DTYPES, Argument, Graph, Node, Reference, TensorReference, decode

Call: TypeAlias = Callable[[Node, tuple[Any, ...], dict[str, Any]], Any]
Result: TypeAlias = Any
"""What a node gives on the meta device: a tensor, a list or tuple of them, or an integer."""


_MISFITS = (RuntimeError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError)
"""What operations raise over arguments that they cannot take."""
_MASKS = (torch.bool, torch.uint8)


class UnfitOperation(RuntimeError):
    """An operation that cannot take what it is given; its text is the first line of what the operation says."""

    def __init__(self, node: Node, args: Sequence[Any], cause: Exception) -> None:
        said = str(cause).strip().splitlines()
        super().__init__(said[0] if said else type(cause).__name__)
        self.node = node
        masks = args[1] if kind(node.target) == "index" and len(args) > 1 and isinstance(args[1], list) else []
        self.picks_by_mask = any(isinstance(mask, Tensor) and mask.dtype in _MASKS for mask in masks)
        """Whether how many values it gives depends on how many of its mask are true."""


@dataclass(frozen=True)
class Step:
    """One node with its arguments decoded once."""

    node: Node
    args: tuple[Argument, ...]
    kwargs: Mapping[str, Argument]

    @cached_property
    def kind(self) -> str:
        """Name of the operation without namespace and overload, such as `conv2d`."""
        return kind(self.node.target)

    @cached_property
    def bound(self) -> Mapping[str, Argument]:
        """Arguments by the operation's own parameter names, defaults filled in."""
        return bind(self.node.target, self.args, self.kwargs)


def decoded_steps(graph: Graph) -> tuple[Step, ...]:
    """The nodes of a graph with their arguments decoded."""
    return tuple(
        Step(node, tuple(map(decode, node.args)), {key: decode(value) for key, value in node.kwargs.items()})
        for node in graph.nodes
    )


def walk(steps: Sequence[Step], inputs: Mapping[str, Any], tensor: Callable[[str], Any], call: Call) -> dict[str, Any]:
    """Inputs and results of all nodes by name.

    `inputs` holds what stands for each of the graph's inputs, `tensor(name)` gives a parameter or buffer;
    `call(node, args, kwargs)` gets the arguments with every reference replaced and returns the node's result.
    """
    results: dict[str, Any] = dict(inputs)

    def resolve(value: Any) -> Any:
        if isinstance(value, Reference):
            return results[value.node]
        if isinstance(value, TensorReference):
            return tensor(value.tensor)
        if isinstance(value, list):
            return [resolve(item) for item in value]
        return value

    for step in steps:
        args = tuple([resolve(value) for value in step.args])
        kwargs = {key: resolve(value) for key, value in step.kwargs.items()}
        results[step.node.name] = call(step.node, args, kwargs)
    return results


def apply_operation(node: Node, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Run a node's operation on real arguments."""
    return OPERATIONS[node.target](*args, **kwargs)


def example_inputs(graph: Graph, batch: int = 1, device: str = "meta") -> dict[str, Tensor]:
    """A batch of zeros for every input, by name (on the meta device: only their shapes and types)."""
    return {
        info.name: torch.zeros((batch, *info.shape), dtype=DTYPES[info.dtype], device=device) for info in graph.inputs
    }


def meta_results(graph: Graph, steps: Sequence[Step], batch: int = 1) -> dict[str, Result]:
    """Inputs and results of all nodes on the meta device: shapes and types without any compute.

    Sizes come out as plain integers, so that `batch` shows in them. Raises `UnfitOperation`.
    """
    tensors = {info.name: torch.empty(info.shape, dtype=DTYPES[info.dtype], device="meta") for info in graph.tensors}
    with torch.no_grad():
        return walk(steps, example_inputs(graph, batch), tensors.__getitem__, _apply_on_meta)


def _apply_on_meta(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Result:
    name = kind(node.target)
    device = {"device": "meta"} if name in FACTORIES else {}
    try:
        known = infer(name, args, kwargs)
        return OPERATIONS[node.target](*args, **kwargs, **device) if known is None else known
    except _MISFITS as error:
        raise UnfitOperation(node, args, error) from error

"""The network while it is being made: steps that can still be rewritten, and the tensors they use."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import torch
from torch import Tensor

from worker.engine.graph.schema import Reference, TensorReference


@dataclass
class Step:
    """One operation of the network to be; arguments are references, numbers, types and lists of them."""

    name: str
    target: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    scope: str
    """Path of the module in the user's source, as far as the file tells; may be empty."""
    place: str
    """What messages call it."""

    @property
    def kind(self) -> str:
        """Name of the operation without namespace and overload."""
        return self.target.split(".")[1]

    def arguments(self) -> Iterator[Any]:
        """All arguments, lists opened."""
        pending = [*self.args, *self.kwargs.values()]
        while pending:
            value = pending.pop(0)
            if isinstance(value, list | tuple):
                pending = [*value, *pending]
            else:
                yield value

    def reads(self) -> list[str]:
        """Names of the steps (and inputs) that it reads, as often as it does."""
        return [value.node for value in self.arguments() if isinstance(value, Reference)]

    def tensors(self) -> list[str]:
        """Keys of the stored tensors that it reads."""
        return [value.tensor for value in self.arguments() if isinstance(value, TensorReference)]


@dataclass
class Stored:
    """A tensor that the network will hold."""

    tensor: Tensor
    label: str | None
    is_parameter: bool


@dataclass
class Program:
    """Steps in order, stored tensors by key, and the names of the outputs."""

    steps: dict[str, Step] = field(default_factory=dict)
    stored: dict[str, Stored] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    shapes: dict[str, torch.Size] = field(default_factory=dict)
    """Shapes of inputs and of steps with one result, at the first batch size that is probed."""

    _numbers: Iterator[int] = field(default_factory=count)

    def add_tensor(self, stored: Stored) -> TensorReference:
        """Keep a tensor under a key of its own."""
        key = f"#{next(self._numbers)}"
        self.stored[key] = stored
        return TensorReference(key)

    def readers(self) -> dict[str, list[str]]:
        """Names of the steps that read each step, as often as they do; an output has a reader without a name."""
        found: dict[str, list[str]] = defaultdict(list)
        for step in self.steps.values():
            for name in step.reads():
                found[name].append(step.name)
        for name in self.outputs:
            found[name].append("")
        return found

    def drop_dead(self) -> None:
        """Remove the steps that no output depends on, and tensors that no step reads."""
        needed = set(self.outputs)
        alive = []
        for step in reversed(self.steps.values()):
            if step.name in needed:
                alive.append(step)
                needed.update(step.reads())
        self.steps = {step.name: step for step in reversed(alive)}
        used = {key for step in alive for key in step.tensors()}
        self.stored = {key: stored for key, stored in self.stored.items() if key in used}

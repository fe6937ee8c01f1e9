"""Divergence: values that are infinite or undefined, and what a user is told of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.coupling.values import layer_name

_DATA_HINT = "and check that the data is scaled as it was when the network was trained (data.scaling)"


@dataclass(frozen=True)
class Broken:
    """What was no longer finite, as far as it is known."""

    step: int
    """Optimizer step, from 1, of those since the last record."""
    what: str
    """What became infinite or undefined, as the subject of a sentence."""


@dataclass(frozen=True)
class Whereabouts:
    """Where training stands when a record of optimizer steps begins."""

    stretch: str
    """Which stretch of training, as the end of a phrase: `in section sparsify`."""
    done: int
    """Optimizer steps of that stretch that are done."""
    steps: int | None
    """Of the whole stretch; None where nobody knows."""
    advice: str
    """What to change, as a sentence that begins without a capital `lower` and has no end."""

    @property
    def so_far(self) -> str:
        """What has been trained of the stretch, as the beginning of a sentence."""
        return f"After {self.of_step(0)}" if self.done else f"Before any optimizer step {self.stretch}"

    def of_step(self, step: int) -> str:
        """One of the steps that follow, from 1, among all of the stretch."""
        all_steps = "" if self.steps is None else f" of {self.steps}"
        return f"optimizer step {self.done + step}{all_steps} {self.stretch}"


class Diverged(JobFailure):
    """A record of optimizer steps ended with values that are infinite or undefined."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(
            FailureCode.DIVERGED,
            f"In optimizer step {broken.step} since the last record, {broken.what} became infinite or undefined.",
            f"Lower the learning rate, {_DATA_HINT}.",
        )
        self.broken = broken


class Overflowed(JobFailure):
    """Answers are infinite or undefined where a network is measured, though its weights are finite."""

    def __init__(self, what: str) -> None:
        super().__init__(
            FailureCode.DIVERGED,
            f"{what[0].upper()}{what[1:]} became infinite or undefined where the network was measured.",
            f"Lower the learning rate, {_DATA_HINT}.",
        )
        self.what = what


def check_finite(losses: Tensor, tensors: Mapping[str, Tensor]) -> None:
    """Raise Diverged unless the losses of a record's steps (S,) and all trained tensors are finite.

    Weights are looked at too, so that no checkpoint holds any that are not: the last one is good.
    """
    names = [name for name, tensor in tensors.items() if tensor.is_floating_point()]
    finite = torch.cat(
        [torch.isfinite(losses), torch.stack([torch.isfinite(tensors[name].detach()).all() for name in names])]
    )
    broken = (~finite).nonzero().flatten().tolist()
    if not broken:
        return
    steps, first = len(losses), broken[0]
    if first < steps:
        raise Diverged(Broken(first + 1, "the training loss"))
    raise Diverged(Broken(steps, of_weights(names[first - steps])))


def of_weights(name: str) -> str:
    """A trained tensor, as the subject of a sentence."""
    return f"a weight of `{layer_name(name)}`"


def told(broken: Broken, where: Whereabouts, kept: str) -> JobFailure:
    """What the user is told; `kept` is a sentence on what is left of the run."""
    return JobFailure(
        FailureCode.DIVERGED,
        f"Training diverged in {where.of_step(broken.step)}: {broken.what} became infinite or undefined.",
        f"{where.advice}, {_DATA_HINT}.",
        kept,
    )


def told_of_answers(overflowed: Overflowed, where: Whereabouts, kept: str) -> JobFailure:
    """What the user is told of a network that trained, but cannot be measured."""
    return JobFailure(
        FailureCode.DIVERGED,
        f"{where.so_far}, {overflowed.what} became infinite or undefined where the network was measured, though no "
        "weight is.",
        f"{where.advice}, {_DATA_HINT}." if where.done else f"Train more gently before, {_DATA_HINT}.",
        kept,
    )

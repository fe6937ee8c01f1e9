"""Which weights a network begins to be retrained with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from backend.domain.starts import ContinueStart, ReinitializeStart, RewindStart, SignStart
from worker.engine.network import Network
from worker.engine.registry import Registry
from worker.engine.retraining.early import EarlyWeights
from worker.engine.retraining.fresh import fresh_weights
from worker.engine.trainee import Trainee

_MATRIX_AXES = 2
"""Tensors with at least as many axes are weights; biases and the vectors of norms have one."""


@dataclass(frozen=True)
class Found:
    """A network whose architecture was just found, and what is known of its past."""

    trainee: Trainee
    dense: Network
    early: EarlyWeights
    generator: torch.Generator
    """On the CPU; every draw comes from it."""


class Start(Protocol):
    """Says which weights retraining begins with."""

    def __call__(self, found: Found) -> Mapping[str, Tensor]:
        """Tensors of the network as it is now, by name; those left out go on as they are."""
        ...


STARTS: Registry[Start] = Registry("start")


@STARTS.register(ContinueStart)
def go_on(_spec: ContinueStart) -> Start:
    """What is left goes on as it is."""
    return lambda _found: {}


@STARTS.register(RewindStart)
def rewind(spec: RewindStart) -> Start:
    """What is left gets its early values, norm statistics included."""
    return lambda found: found.trainee.thinned(_kept(found, spec))


@STARTS.register(ReinitializeStart)
def reinitialize(_spec: ReinitializeStart) -> Start:
    """The thinner network is drawn anew, by its own fan-ins."""
    return lambda found: fresh_weights(found.trainee.network(), found.generator)


@STARTS.register(SignStart)
def keep_signs(spec: SignStart) -> Start:
    """Weights become plus or minus the deviation of their layer's fresh weights; all else is fresh."""

    def start(found: Found) -> Mapping[str, Tensor]:
        fresh = fresh_weights(found.trainee.network(), found.generator)
        kept = found.early.get("initialization")
        drawn = fresh_weights(found.dense, found.generator) if kept is None else kept
        trained = found.trainee.network().tensors
        signs = trained if spec.of == "trained" else found.trainee.thinned(drawn)
        weights = [name for name, tensor in fresh.items() if tensor.dim() >= _MATRIX_AXES]
        return fresh | {name: signs[name].sign() * _spread(drawn[name]) for name in weights}

    return start


def _spread(weights: Tensor) -> Tensor:
    """Standard deviation of a layer's weights; of a single one its magnitude."""
    return weights.std(correction=0) if weights.numel() > 1 else weights.abs().sum()


def _kept(found: Found, spec: RewindStart) -> Mapping[str, Tensor]:
    tensors = found.early.get(spec.to)
    if tensors is None:
        raise RuntimeError(f"no weights of the moment `{spec.to}` were kept")
    return tensors

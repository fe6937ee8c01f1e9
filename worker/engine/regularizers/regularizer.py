"""What a regularizer is: it takes part in every training step of the sparsifying stretch, and leaves plain weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, fx, nn

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.latencies import Latency
from backend.domain.thinning import SizeModel
from worker.engine.coupling import ChannelGroup
from worker.engine.gates import Gates
from worker.engine.graph import Network
from worker.engine.registry import Registry
from worker.engine.regularizers.layer_gates import LayerGates


@dataclass(frozen=True)
class Ground:
    """What a regularizer works on: a dense network in training."""

    module: fx.GraphModule
    groups: Sequence[ChannelGroup]
    """Those whose channels may go."""
    gates: Gates
    example_count: int
    """Training examples (N of the papers' objectives)."""
    steps: int
    """Optimizer steps of the whole stretch."""
    generator: torch.Generator
    """On the CPU; every draw comes from it."""
    network: Network
    """The network that the module was made of, for what follows from its graph."""
    model: SizeModel
    """Its counts."""
    weights: Sequence[str] = ()
    """Names of the tensors whose single weights may become zero."""
    latency: Latency | None = None
    """Times of its layers, where the recipe counts latency."""


def anything_removable(ground: Ground) -> Sequence[str]:
    """Names of the tensors whose single weights may become zero; raises JobFailure(INVALID_RECIPE) if there is none."""
    if not ground.weights:
        raise JobFailure(
            FailureCode.INVALID_RECIPE,
            "No weight of the network may become zero: all layers are pinned.",
            "Take some layers out of prune.pins.",
        )
    return ground.weights


class Regularizer(Protocol):
    """Lives from the first to the last step of a stretch; weights keep their names and shapes."""

    speed: float
    """Learning rate of `parameters`, in units of the network's."""

    @property
    def parameters(self) -> Mapping[str, nn.Parameter]:
        """Own tensors that the optimizer trains along with the network's, by name."""
        ...

    def weights(self) -> Mapping[str, Tensor]:
        """Before a forward pass in training: tensors of the network to use instead of its own, by name."""
        ...

    def second_weights(self) -> Mapping[str, Tensor]:
        """For a second forward pass of some examples, without gradients, to compare losses; empty: none."""
        ...

    def relaxed_weights(self) -> Sequence[Mapping[str, Tensor]]:
        """For further forward passes on the same mini-batch, with gradients by what is relaxed; empty: none."""
        ...

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:
        """After the forward passes: their mean losses; without gradients, but for those by `relaxed_weights`."""
        ...

    def penalty(self) -> Tensor:
        """Add this to the mean loss of the mini-batch, in nats; a scalar; without what `add_gradients` adds alone."""
        ...

    def add_gradients(self) -> None:
        """After the backward pass: add slopes of the penalty that its graph leaves out to the gradients."""
        ...

    def finish_step(self, learning_rate: float) -> None:
        """After the optimizer's step: proximal steps, clamps, counters."""
        ...

    def take_gates(self) -> Sequence[LayerGates]:
        """For the history: the gates as they stand after a step, of any layers, several times of one if need be.

        What is gathered over the mini-batches of a step begins anew.
        """
        ...

    def state(self) -> Mapping[str, Tensor]:
        """What else a checkpoint must hold, by name, on the CPU; `parameters` are kept anyway."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to what `state` returned."""
        ...

    def variances(self) -> Mapping[str, Tensor]:
        """Before `finish`: variances of the network's weights as they will be then, by name; empty: not learned."""
        ...

    def zero_layers(self) -> Sequence[str]:
        """Before `finish`: names of the weights of layers that it made zero, and that stay zero; empty: none."""
        ...

    def finish(self) -> Mapping[str, Tensor]:
        """Write what was learned into the network's own tensors; one score per channel (K,), by group.

        The scores are what the criterion `learned` reads; a method that leaves its verdict in the weights alone
        returns none.
        """
        ...


class Neutral:
    """Does nothing; a method overrides the parts that it has."""

    speed = 1.0
    parameters: Mapping[str, nn.Parameter] = {}

    def weights(self) -> Mapping[str, Tensor]:
        """The network's own."""
        return {}

    def second_weights(self) -> Mapping[str, Tensor]:
        """No second forward pass."""
        return {}

    def relaxed_weights(self) -> Sequence[Mapping[str, Tensor]]:
        """No further forward passes."""
        return ()

    def observe(self, loss: Tensor, second: Tensor | None, relaxed: Sequence[Tensor] = ()) -> None:
        """Losses change nothing."""

    def penalty(self) -> Tensor:
        """Nothing to add."""
        return torch.zeros(())

    def add_gradients(self) -> None:
        """The graph of the penalty holds all of its slopes."""

    def finish_step(self, learning_rate: float) -> None:
        """Nothing to do."""

    def take_gates(self) -> Sequence[LayerGates]:
        """No gates."""
        return ()

    def state(self) -> Mapping[str, Tensor]:
        """Nothing but the weights."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to restore."""

    def variances(self) -> Mapping[str, Tensor]:
        """Nothing is learned of them."""
        return {}

    def zero_layers(self) -> Sequence[str]:
        """It takes no layer as a whole."""
        return ()

    def finish(self) -> Mapping[str, Tensor]:
        """The weights say it all."""
        return {}


MakeRegularizer: TypeAlias = Callable[[Ground], Regularizer]

REGULARIZERS: Registry[MakeRegularizer] = Registry("regularizer")

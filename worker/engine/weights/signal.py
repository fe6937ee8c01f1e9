"""What is read of single weights in backward passes: gradients, and diagonals of Fisher information and Hessian."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.drawn_labels import surprise
from worker.engine.retraining.losses import Loss
from worker.engine.weights.examples import LayerPasses, read_share


class WeightReading(StrEnum):
    """What is estimated for every weight from training steps; `g` are gradients of single examples' losses."""

    SQUARES = "squares"
    """Mean of g^2, the diagonal of the empirical Fisher information.

    Of linear layers and plain convolutions from single examples, one of sixteen. Of others (recurrent,
    grouped, used at several places) from mini-batches of B examples, where `(sum g)^2 / B` stands for the mean of g^2:
    the same in expectation where gradients have mean zero, as they have at a minimum.
    """
    GAUSS_NEWTON = "gauss_newton"
    """Diagonal of the Gauss-Newton matrix, which for class probabilities is the Fisher information of the model.

    The same means of squares, but for labels drawn from the network's own answer: their gradients have mean zero at
    any weights, so that mini-batches too estimate it without bias (but for batch norm, which couples examples). Costs
    a second backward pass.
    """
    HUTCHINSON = "hutchinson"
    """Diagonal of the Hessian of the loss, `v * H v` with random signs v; without bias, but it may be negative.

    Costs about two more forward-backward passes.
    """
    GRADIENTS = "gradients"
    """Gradients themselves, (M, ...): of every mini-batch `PARTS`, each of an equal part of its examples.

    Of b examples `(sum g) / sqrt(b)`, so that the mean over M of their outer products estimates the mean of g g'. Costs
    a backward pass for each part.
    """


PARTS = 8
"""Gradients that are read of a mini-batch, where there are as many examples."""


class WeightSignal:
    """Means over mini-batches, weighted by their sizes, of one reading; everything stays on the device."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        """On the CPU; every draw comes from it."""
        self._reading: WeightReading | None = None
        self._parameters: dict[str, nn.Parameter] = {}
        self._hooks: list[RemovableHandle] = []
        self._passes: LayerPasses | None = None
        self._sums: dict[str, Tensor] = {}
        self._counts: Counter[str] = Counter()
        """Examples that stand in each sum."""
        self._gradients: dict[str, list[Tensor]] = {}
        self._batch_size = 0
        self._outputs: dict[str, Tensor] = {}
        """Of this mini-batch, of the layers that are read example by example."""

    def start(
        self,
        reading: WeightReading | None,
        parameters: Mapping[str, nn.Parameter],
        module: nn.Module | None = None,
    ) -> None:
        """Forget everything, and read these parameters whenever a loss that is `watched` is computed.

        With the `module` that holds them, single examples are read where that is possible.
        """
        self.stop()
        self._reading, self._parameters = reading, dict(parameters)
        self._sums, self._counts, self._gradients = {}, Counter(), {}
        if reading is WeightReading.SQUARES:
            self._hooks = [
                parameter.register_post_accumulate_grad_hook(partial(self._read_gradient, name))  # type: ignore[no-untyped-call]
                for name, parameter in parameters.items()
            ]
        if module is not None and reading in (WeightReading.SQUARES, WeightReading.GAUSS_NEWTON):
            self._passes = LayerPasses(module, parameters)
            self._hooks += self._passes.watch()

    def stop(self) -> dict[str, Tensor]:
        """Read no more; the means by tensor name, on the device."""
        for hook in self._hooks:
            hook.remove()
        reading, self._reading, self._hooks, self._passes, self._outputs = self._reading, None, [], None, {}
        if reading is None or not self._batch_size:
            return {}
        if reading is WeightReading.GRADIENTS:
            return {name: torch.stack(gradients) for name, gradients in self._gradients.items()}
        return {
            name: self._sum(name, parameter) / max(1, self._counts[name])
            for name, parameter in self._parameters.items()
        }

    def watched(self, loss_of: Loss) -> Loss:
        """The same loss, whose computation leaves the reading behind."""

        def loss(logits: Tensor, labels: Tensor, inputs: Tensor) -> Tensor:
            value = loss_of(logits, labels, inputs)
            if self._reading is not None:
                self._batch_size = len(labels)
                self._outputs = {} if self._passes is None else self._passes.take(self._batch_size)
                self._read(value, logits)
                if self._reading is WeightReading.GRADIENTS:
                    self._read_gradients(loss_of, logits, labels, inputs)
            return value

        return loss

    def _read(self, value: Tensor, logits: Tensor) -> None:
        names, parameters = list(self._parameters), list(self._parameters.values())
        if self._reading is WeightReading.SQUARES:
            for name, output in self._outputs.items():
                output.register_hook(partial(self._read_pull, name))  # type: ignore[no-untyped-call]
        elif self._reading is WeightReading.GAUSS_NEWTON:
            self._read_drawn(logits)
        elif self._reading is WeightReading.HUTCHINSON:
            signs = [_signs(parameter, self._generator) for parameter in parameters]
            for name, sign, product in zip(names, signs, _curvature(value, parameters, signs), strict=True):
                self._sum(name, product).addcmul_(sign, product, value=self._batch_size)
                self._counts[name] += self._batch_size

    def _read_drawn(self, logits: Tensor) -> None:
        """Gradients of drawn labels, by outputs where examples can be told apart, else by the weights themselves."""
        others = {name: weight for name, weight in self._parameters.items() if name not in self._outputs}
        sources = [*self._outputs.values(), *others.values()]
        pull = surprise(logits, self._generator)
        pulls = torch.autograd.grad(logits, sources, pull, retain_graph=True, allow_unused=True)
        for name, gradient in zip((*self._outputs, *others), pulls, strict=True):
            if name in others:
                self._add_square(name, gradient)
            elif gradient is not None:
                self._read_pull(name, gradient)

    def _read_pull(self, name: str, pull: Tensor) -> None:
        """Add squares of single examples, from the gradient of the mean loss by a layer's output."""
        if self._passes is not None:
            squares = self._passes.squares(name, pull.detach())
            self._sum(name, self._parameters[name]).add_(squares)
            self._counts[name] += read_share(self._batch_size)

    def _read_gradients(self, loss_of: Loss, *batch: Tensor) -> None:
        names, parameters = list(self._parameters), list(self._parameters.values())
        for logits, labels, inputs in zip(*(torch.chunk(part, PARTS) for part in batch), strict=True):
            value = loss_of(logits, labels, inputs)
            gradients = torch.autograd.grad(
                value, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            for name, gradient in zip(names, gradients, strict=True):
                self._gradients.setdefault(name, []).append(gradient.detach() * len(labels) ** 0.5)

    def _read_gradient(self, name: str, parameter: Tensor) -> None:
        if name not in self._outputs:
            self._add_square(name, parameter.grad)

    def _add_square(self, name: str, gradient: Tensor | None) -> None:
        """Add B times `B * gradient^2`, the estimate of one mini-batch; the gradient is that of a mean loss."""
        if gradient is not None:
            self._sum(name, gradient).addcmul_(gradient, gradient, value=self._batch_size**2)
            self._counts[name] += self._batch_size

    def _sum(self, name: str, like: Tensor) -> Tensor:
        if name not in self._sums:
            self._sums[name] = torch.zeros_like(like, requires_grad=False)
        return self._sums[name]


def _signs(parameter: Tensor, generator: torch.Generator) -> Tensor:
    """Random signs in the parameter's shape."""
    drawn = torch.randint(0, 2, parameter.shape, generator=generator, dtype=torch.int8)
    return torch.empty_like(parameter).copy_(drawn.to(parameter.device, non_blocking=True)).mul_(2).sub_(1)


def _curvature(value: Tensor, parameters: list[nn.Parameter], signs: list[Tensor]) -> list[Tensor]:
    """The Hessian of the loss times `signs`, one tensor for each parameter; zero where the loss does not depend."""
    try:
        gradients = torch.autograd.grad(value, parameters, create_graph=True, allow_unused=True)
        known = [(gradient, sign) for gradient, sign in zip(gradients, signs, strict=True) if gradient is not None]
        products = torch.autograd.grad(
            [gradient for gradient, _ in known],
            parameters,
            [sign for _, sign in known],
            retain_graph=True,
            allow_unused=True,
        )
    except RuntimeError as error:
        if "is not implemented" not in str(error):
            raise
        raise JobFailure(
            FailureCode.INVALID_RECIPE,
            f"Second derivatives of this network cannot be had: {error}.",
            "Choose prune.criterion.curvature `gauss_newton`.",
        ) from error
    return [
        torch.zeros_like(parameter) if product is None else product
        for parameter, product in zip(parameters, products, strict=True)
    ]

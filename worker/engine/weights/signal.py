"""What is read of single weights in backward passes: gradients, and diagonals of Fisher information and Hessian."""

from collections import Counter
from collections.abc import Mapping, Set
from enum import StrEnum
from functools import partial
from itertools import product

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.drawn_labels import surprise
from worker.engine.inputs import Inputs
from worker.engine.retraining.losses import Loss
from worker.engine.samples import Share, answering
from worker.engine.weights.examples import LayerPasses


class WeightReading(StrEnum):
    """What is estimated for every weight from training steps; `g` are gradients of single examples' losses."""

    SQUARES = "squares"
    """Mean of g^2, the diagonal of the empirical Fisher information.

    From single examples, one of sixteen. Of linear layers and plain convolutions the step's own backward pass tells
    them; for others (recurrent, grouped, transposed, used at several places) each of these examples goes through the
    network a second time, alone, as the network answers: norms take their running statistics.
    """
    GAUSS_NEWTON = "gauss_newton"
    """Diagonal of the Gauss-Newton matrix, which for class probabilities is the Fisher information of the model.

    The same means of squares, but for labels drawn from the network's own answer: their gradients have mean zero at
    any weights, so that examples taken together estimate it too without bias. One of sixteen examples goes through the
    network for it a second time, as the network answers: norms take their running statistics.
    """
    HUTCHINSON = "hutchinson"
    """Diagonal of the Hessian of the loss, `v * H v` with random signs v, drawn anew for each mini-batch.

    Without bias, but it may be negative. One of 32 examples is seen, in a pass of their own, as with `GAUSS_NEWTON`;
    for each of them it costs three to four forward-backward passes.
    """
    GRADIENTS = "gradients"
    """Gradients themselves, (M, ...): of every mini-batch `PARTS`, each of an equal part of its examples.

    Of b examples `(sum g) / sqrt(b)`, so that the mean over M of their outer products estimates the mean of g g'. Costs
    a backward pass for each part.
    """


ONE_OF = {WeightReading.SQUARES: 16, WeightReading.GAUSS_NEWTON: 16, WeightReading.HUTCHINSON: 32}
"""One of so many examples is read by itself: all would cost as much as a training step, or several."""
AT_A_TIME = 32
"""So many examples are read together: what comes once for each weight is then paid in some mini-batches only."""
PARTS = 8
"""Gradients that are read of a mini-batch, where there are as many examples."""

_SIGNS = torch.tensor(list(product((-1.0, 1.0), repeat=8)))
"""Of every byte, eight signs."""


class WeightSignal:
    """Means over mini-batches, weighted by their sizes, of one reading; everything stays on the device."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        """On the CPU; every draw comes from it."""
        self._reading: WeightReading | None = None
        self._parameters: dict[str, nn.Parameter] = {}
        self._hooks: list[RemovableHandle] = []
        self._module: nn.Module = nn.Module()
        self._passes = LayerPasses(self._module, {})
        self._share = Share(1, 1)
        self._sums: dict[str, Tensor] = {}
        self._counts: Counter[str] = Counter()
        """Examples that stand in each sum."""
        self._gradients: dict[str, list[Tensor]] = {}
        self._batch_size = 0
        self._read_count = 0
        """Examples of this mini-batch that are read by themselves."""

    def start(self, reading: WeightReading | None, parameters: Mapping[str, nn.Parameter], module: nn.Module) -> None:
        """Forget everything, and read these parameters of the module whenever a loss that is `watched` is computed."""
        self.stop()
        self._reading, self._parameters, self._module = reading, dict(parameters), module
        self._sums, self._counts, self._gradients = {}, Counter(), {}
        self._share = Share(1 if reading is None else ONE_OF.get(reading, 1), AT_A_TIME)
        self._passes = LayerPasses(module, parameters)
        if reading is WeightReading.SQUARES:
            self._hooks = self._passes.watch()

    def stop(self) -> dict[str, Tensor]:
        """Read no more; the means by tensor name, on the device."""
        for hook in self._hooks:
            hook.remove()
        reading, self._reading, self._hooks = self._reading, None, []
        if reading is None or not self._batch_size:
            return {}
        if reading is WeightReading.GRADIENTS:
            return {name: torch.stack(gradients) for name, gradients in self._gradients.items()}
        sums, self._sums = {name: self._sum(name, parameter) for name, parameter in self._parameters.items()}, {}
        return {name: total.div_(max(1, self._counts[name])) for name, total in sums.items()}

    def watched(self, loss_of: Loss) -> Loss:
        """The same loss, whose computation leaves the reading behind."""

        def loss(logits: Tensor, labels: Tensor, inputs: Inputs) -> Tensor:
            value = loss_of(logits, labels, inputs)
            if self._reading is not None:
                self._batch_size = len(labels)
                self._read(loss_of, logits, labels, inputs)
            return value

        return loss

    def _read(self, loss_of: Loss, logits: Tensor, labels: Tensor, inputs: Inputs) -> None:
        if self._reading is WeightReading.GRADIENTS:
            self._read_gradients(loss_of, logits, labels, inputs)
            return
        self._read_count = count = self._share.take(len(labels))
        if self._reading is WeightReading.SQUARES:
            outputs = self._passes.take(len(labels))
            for name, output in outputs.items() if count else ():
                output.register_hook(partial(self._read_pull, name))  # type: ignore[no-untyped-call]
            self._read_alone(loss_of, labels[:count], inputs, {*self._parameters} - {*outputs})
        elif count:
            with answering(self._module):
                if self._reading is WeightReading.GAUSS_NEWTON:
                    self._read_drawn(inputs.at(slice(count)))
                else:
                    self._read_curvature(loss_of, labels[:count], inputs.at(slice(count)))

    def _read_alone(self, loss_of: Loss, labels: Tensor, inputs: Inputs, names: Set[str]) -> None:
        """Gradients of one example at a time, which no layer's inputs and outputs tell."""
        parameters = {name: self._parameters[name] for name in sorted(names)}
        with answering(self._module), self._passes.ignored():
            for place in range(len(labels) if parameters else 0):
                example, one = inputs.at(slice(place, place + 1)), labels[place : place + 1]
                value = loss_of(self._module(*example), one, example)
                gradients = torch.autograd.grad(value, [*parameters.values()], allow_unused=True)
                for name, gradient in zip(parameters, gradients, strict=True):
                    self._add_square(name, gradient, 1)

    def _read_drawn(self, inputs: Inputs) -> None:
        """Gradients of drawn labels, by outputs where examples can be told apart, else by the weights themselves."""
        with self._passes.watched():
            logits = self._module(*inputs)
        outputs = self._passes.take(len(logits))
        others = {name: weight for name, weight in self._parameters.items() if name not in outputs}
        pull = surprise(logits, self._generator)
        pulls = torch.autograd.grad(logits, [*outputs.values(), *others.values()], pull, allow_unused=True)
        for name, gradient in zip((*outputs, *others), pulls, strict=True):
            if name in others:
                self._add_square(name, gradient, len(logits))
            elif gradient is not None:
                self._read_pull(name, gradient)

    def _read_curvature(self, loss_of: Loss, labels: Tensor, inputs: Inputs) -> None:
        parameters = list(self._parameters.values())
        sizes = [parameter.numel() for parameter in parameters]
        signs = _signs(sum(sizes), self._generator).to(parameters[0].device, parameters[0].dtype, non_blocking=True)
        parts = torch.split(signs, sizes)
        shaped = [part.view(parameter.shape) for part, parameter in zip(parts, parameters, strict=True)]
        products = _curvature(loss_of(self._module(*inputs), labels, inputs), parameters, shaped)
        for name, sign, turned in zip(self._parameters, shaped, products, strict=True):
            self._sum(name, turned).addcmul_(sign, turned, value=len(labels))
            self._counts[name] += len(labels)

    def _read_pull(self, name: str, pull: Tensor) -> None:
        """Add squares of single examples, from the gradient of the mean loss by a layer's output."""
        self._passes.add_squares(self._sum(name, self._parameters[name]), name, pull.detach(), self._read_count)
        self._counts[name] += self._read_count

    def _read_gradients(self, loss_of: Loss, logits: Tensor, labels: Tensor, inputs: Inputs) -> None:
        names, parameters = list(self._parameters), list(self._parameters.values())
        parts = (torch.chunk(logits, PARTS), torch.chunk(labels, PARTS), inputs.chunk(PARTS))
        for some_logits, some_labels, some_inputs in zip(*parts, strict=True):
            value = loss_of(some_logits, some_labels, some_inputs)
            gradients = torch.autograd.grad(
                value, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
            )
            for name, gradient in zip(names, gradients, strict=True):
                self._gradients.setdefault(name, []).append(gradient.detach() * len(some_labels) ** 0.5)

    def _add_square(self, name: str, gradient: Tensor | None, batch_size: int) -> None:
        """Add B times `B * gradient^2`, the estimate of B examples; the gradient is that of their mean loss."""
        if gradient is not None:
            self._sum(name, gradient).addcmul_(gradient, gradient, value=batch_size**2)
            self._counts[name] += batch_size

    def _sum(self, name: str, like: Tensor) -> Tensor:
        if name not in self._sums:
            self._sums[name] = torch.zeros_like(like, requires_grad=False)
        return self._sums[name]


def _signs(count: int, generator: torch.Generator) -> Tensor:
    """Random signs (count,), float32 on the CPU; every byte that is drawn gives eight."""
    drawn = torch.randint(0, len(_SIGNS), (-(-count // _SIGNS.size(1)),), generator=generator)
    return _SIGNS.index_select(0, drawn).view(-1)[:count]


def _curvature(value: Tensor, parameters: list[nn.Parameter], signs: list[Tensor]) -> list[Tensor]:
    """The Hessian of the loss times `signs`, one tensor for each parameter; zero where the loss does not depend."""
    try:
        gradients = torch.autograd.grad(value, parameters, create_graph=True, allow_unused=True)
        known = [(gradient, sign) for gradient, sign in zip(gradients, signs, strict=True) if gradient is not None]
        products = torch.autograd.grad(
            [gradient for gradient, _ in known],
            parameters,
            [sign for _, sign in known],
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
        torch.zeros_like(parameter) if turned is None else turned
        for parameter, turned in zip(parameters, products, strict=True)
    ]

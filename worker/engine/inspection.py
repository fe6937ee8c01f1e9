"""Which value of a training step is the first that is infinite or undefined: slow, since every layer is looked at."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from worker.engine.divergence import Broken, Diverged, of_weights
from worker.engine.inputs import Inputs
from worker.engine.trainee import Trainee

_LAYER = "call_module"


class Inspection:
    """Looks at outputs in forward passes, at gradients in backward passes, and at weights after each step."""

    def __init__(self, trainee: Trainee) -> None:
        self._trainee = trainee
        self._usual: set[str] = set()
        """Nodes that gave infinite values in a step that went well, such as the masks of attention."""
        self._outputs: dict[str, str] = {}
        """Of this step, what was not finite, by node, the first one first."""
        self._gradients: list[str] = []

    @contextmanager
    def looking(self) -> Iterator["Inspection"]:
        """Look at the passes within; the trainee's module must not be replaced meanwhile."""
        module = self._trainee.module
        module.forward = _Observed(module, self._outputs).run
        trained = {name: item for name, item in self._trainee.parameters.items() if item.requires_grad}
        hooks = [
            item.register_post_accumulate_grad_hook(partial(self._look_at_gradient, name))  # type: ignore[no-untyped-call]
            for name, item in trained.items()
        ]
        try:
            yield self
        finally:
            del module.forward
            for hook in hooks:
                hook.remove()

    def check(self, step: int, loss: Tensor) -> None:
        """After optimizer step `step` since the last record, from 1: raise Diverged where it broke anything."""
        unusual = [what for node, what in self._outputs.items() if node not in self._usual]
        weights = [name for name, item in self._trainee.parameters.items() if not _is_finite(item)]
        if not _is_finite(loss):
            what = unusual[0] if unusual else "the training loss, of answers that are finite,"
        elif weights and self._gradients:
            what = f"the gradient of {of_weights(self._gradients[0])}"
        elif weights:
            what = of_weights(weights[0])
        else:
            self._usual.update(self._outputs)
            self._outputs.clear()
            self._gradients.clear()
            return
        raise Diverged(Broken(step, what))

    def _look_at_gradient(self, name: str, parameter: Tensor) -> None:
        if parameter.grad is not None and not _is_finite(parameter.grad):
            self._gradients.append(name)


@torch.inference_mode()
def first_overflow(module: fx.GraphModule, batches: Iterable[Inputs]) -> str | None:
    """The first layer, else the first operation, whose result is not finite, as the subject of a sentence.

    The module is looked at in evaluation mode, and then put back.
    """
    layers = {node.name for node in module.graph.nodes if node.op == _LAYER}
    found: dict[str, str] = {}
    was_training = module.training
    module.eval()
    for inputs in batches:
        _Observed(module, found).run(*inputs)
        if not layers.isdisjoint(found):
            break
    module.train(was_training)
    return next((what for name, what in found.items() if name in layers), next(iter(found.values()), None))


class _Observed(fx.Interpreter):
    """Runs a module node by node, and notes the nodes whose values are not finite."""

    def __init__(self, module: fx.GraphModule, found: dict[str, str]) -> None:
        super().__init__(module)
        self._found = found

    @override
    def run_node(self, n: fx.Node) -> Any:
        """As the module does it."""
        value = super().run_node(n)
        if not all(_is_finite(leaf) for leaf in tree_leaves(value) if isinstance(leaf, Tensor)):
            self._found.setdefault(n.name, _words(n))
        return value


def _words(node: fx.Node) -> str:
    """A node's output as the subject of a sentence."""
    if node.op == _LAYER:
        return f"the output of `{node.target}`"
    return "the input of the network" if node.op == "placeholder" else f"the result of `{node.name}`"


def _is_finite(value: Tensor) -> bool:
    return bool(torch.isfinite(value.detach()).all())

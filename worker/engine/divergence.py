"""Divergence: told with the step, and the first layer whose weights are no longer finite."""

from collections.abc import Mapping

import torch
from torch import Tensor

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.coupling.values import layer_name

_HINT = (
    "Lower the learning rate of the recipe or set its gradient_norm (1, say; a network without norms, or with norms "
    "folded into its weights, may need it), and check that the data is scaled as it was when the network was trained "
    "(data.scaling)."
)


def check_finite(losses: Tensor, tensors: Mapping[str, Tensor]) -> None:
    """Raise JobFailure(DIVERGED) unless the losses of these steps (S,) and all trained tensors are finite.

    Weights are looked at too, so that no checkpoint holds any that are not: the last one is good.
    """
    names = [name for name, tensor in tensors.items() if tensor.is_floating_point()]
    finite = torch.cat(
        [torch.isfinite(losses), torch.stack([torch.isfinite(tensors[name].detach()).all() for name in names])]
    )
    broken = (~finite).nonzero().flatten().tolist()
    if not broken:
        return
    steps = len(losses)
    first = broken[0] + 1
    layers = [layer_name(names[index - steps]) for index in broken if index >= steps]
    what = "The training loss became" if first <= steps else "Weights became"
    where = f"in optimizer step {min(first, steps)} of {steps}"
    which = f"the first layer with such weights is `{layers[0]}`" if layers else "all weights are finite"
    raise JobFailure(
        FailureCode.DIVERGED, f"{what} infinite or undefined {where} since the last record; {which}.", _HINT
    )

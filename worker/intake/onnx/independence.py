"""Whether the answer for one example is the same whatever else is in its batch, when a batch size was made free."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worker.engine.graph import Network
from worker.engine.graph.schema import DTYPES
from worker.engine.network.build import build
from worker.intake.onnx.builder import SHAPE_ERRORS
from worker.intake.onnx.refusals import quoted, unsupported
from worker.intake.refusals import FileRefusal

_EXAMPLES = 3
_TOLERANCE = 1e-4
_SEED = 0


def check_independence(network: Network, loosened: Sequence[str]) -> None:
    """Run a batch of three, and its examples one by one; raises `FileRefusal` naming the nodes that were changed."""
    inputs = _random_inputs(network)
    module = build(network)
    try:
        together = _answer(module, inputs)
        alone = [_answer(module, [one[at : at + 1] for one in inputs]) for at in range(_EXAMPLES)]
    except SHAPE_ERRORS as error:
        raise _burned_in(loosened) from error
    apart = torch.cat(alone)
    if together.shape != apart.shape or not torch.allclose(together, apart, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise _burned_in(loosened)


def _burned_in(loosened: Sequence[str]) -> FileRefusal:
    places = ", ".join(quoted(label) for label in loosened[:5])
    return unsupported(
        f"has a fixed batch size that cannot be made free; it is burned in at {places}.",
        "Export it with an open batch: `dynamic_shapes=({0: 'batch'},)`.",
    )


def _random_inputs(network: Network) -> list[Tensor]:
    """Normal numbers, and zeros and ones where whole numbers are read."""
    generator = torch.Generator().manual_seed(_SEED)
    found = []
    for info in network.graph.inputs:
        dtype = DTYPES[info.dtype]
        values = torch.randn((_EXAMPLES, *info.shape), generator=generator)
        found.append(values if dtype.is_floating_point else (values > 0).to(dtype))
    return found


def _answer(module: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
    with torch.no_grad():
        answer: Tensor | Sequence[Tensor] = module(*inputs)
    return answer if isinstance(answer, Tensor) else answer[0]

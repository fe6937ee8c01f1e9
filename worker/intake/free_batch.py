"""Batch sizes that an exporter burned into a graph: where they are in a shape, and whether freeing them went well."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worker.engine.graph import Network
from worker.engine.graph.schema import DTYPES
from worker.engine.network.build import build

EXAMPLES = 3
TOLERANCE = 1e-4
SEED = 0
ERRORS = (RuntimeError, TypeError, ValueError, IndexError)
"""What operations raise over shapes that do not fit."""


def batch_place(own: Sequence[int], axis: int, sizes: Sequence[int], batch: int) -> int | None:
    """Where in `sizes`, a reshape of `own`, the batch is, that is (part of) `axis` of `own`; None if nowhere.

    It may stand alone, lead an axis, end one (likelier where axes are merged), or be inside of one. At batch size 1
    this is a guess; what was guessed is checked by running the network (`is_independent`).
    """
    before, through = math.prod(own[:axis]), math.prod(own[: axis + 1])
    spans = [(math.prod(sizes[:at]), math.prod(sizes[: at + 1])) for at in range(len(sizes))]
    fits = [at for at, (head, end) in enumerate(spans) if head and (end // head) % batch == 0]
    alone = [at for at in fits if sizes[at] == batch and before <= spans[at][0] <= through // batch]
    leads = [at for at in fits if spans[at][0] == before]
    ends = [at for at in fits if spans[at][1] == through]
    inside = [at for at in fits if spans[at][0] <= before < spans[at][1]]
    merged = [*ends, *leads] if len(sizes) < len(own) else [*leads, *ends]
    return next(iter([*alone, *merged, *inside]), None)


def is_independent(network: Network) -> bool:
    """Whether a batch of three gets the same answers as its examples one by one."""
    inputs = _random_inputs(network)
    module = build(network)
    try:
        together = _answer(module, inputs)
        alone = torch.cat([_answer(module, [one[at : at + 1] for one in inputs]) for at in range(EXAMPLES)])
    except ERRORS:
        return False
    return together.shape == alone.shape and torch.allclose(together, alone, rtol=TOLERANCE, atol=TOLERANCE)


def _random_inputs(network: Network) -> list[Tensor]:
    """Normal numbers, and zeros and ones where whole numbers are read."""
    generator = torch.Generator().manual_seed(SEED)
    found = []
    for info in network.graph.inputs:
        dtype = DTYPES[info.dtype]
        values = torch.randn((EXAMPLES, *info.shape), generator=generator)
        found.append(values.to(dtype) if dtype.is_floating_point else (values > 0).to(dtype))
    return found


def _answer(module: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
    with torch.no_grad():
        answer: Tensor | Sequence[Tensor] = module(*inputs)
    return answer if isinstance(answer, Tensor) else answer[0]

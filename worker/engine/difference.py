"""How far masking a group's channels is from removing them, where a norm in between computes statistics over them."""

import torch
from torch import Tensor, fx

from worker.engine.coupling import ChannelGroup
from worker.engine.gates import Gates
from worker.engine.graph.schema import DTYPES, InputInfo, Reference, TensorReference
from worker.engine.network import Network, build
from worker.engine.surgery import remove

_EXAMPLES = 8
_SEED = 0
_FEWEST_ROWS = 2
"""Rows that an unknown table surely has."""


def removal_difference(network: Network, group: ChannelGroup, keep: Tensor) -> float:
    """Largest difference between the answers with a group's channels masked and with them removed.

    `keep` is bool (width,). The difference is relative to the largest answer, measured on a few random examples (the
    same ones every time). It is rounding alone where equality is claimed, and 0 for groups that are never masked.
    """
    if not group.gates:
        return 0.0
    inputs = random_inputs(network)
    masked, removed = build(network), build(remove(network, {group.name: keep}))
    Gates(masked, [group]).apply({group.name: keep})
    expected, answer = (_scores(module, inputs) for module in (removed, masked))
    return float((answer - expected).abs().max() / expected.abs().max())


def random_inputs(network: Network) -> list[Tensor]:
    """Random examples for every input (N, ...): normal numbers, or integers that are rows of every table they index."""
    generator = torch.Generator().manual_seed(_SEED)
    inputs = []
    for info in network.graph.inputs:
        size, dtype = (_EXAMPLES, *info.shape), DTYPES[info.dtype]
        if dtype.is_floating_point:
            inputs.append(torch.randn(size, generator=generator).to(dtype))
        else:
            inputs.append(torch.randint(_rows(network, info), size, generator=generator).to(dtype))
    return inputs


def _rows(network: Network, info: InputInfo) -> int:
    """Rows of the smallest table that an input indexes directly."""
    tables = [step.bound for step in network.steps if step.kind == "embedding"]
    weights = [table["weight"] for table in tables if table["indices"] == Reference(info.name)]
    rows = [network.tensors[weight.tensor].size(0) for weight in weights if isinstance(weight, TensorReference)]
    return min(rows, default=_FEWEST_ROWS)


def _scores(module: fx.GraphModule, inputs: list[Tensor]) -> Tensor:
    with torch.no_grad():
        answer = module.eval()(*inputs)
    return answer if isinstance(answer, Tensor) else answer[0]

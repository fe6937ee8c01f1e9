"""How far masking a group's channels is from removing them, where a norm in between computes statistics over them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, fx

from backend.domain.network import NetworkSummary
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.gates import Gates
from worker.engine.network import Network, build
from worker.engine.network.inputs import random_inputs
from worker.engine.surgery import remove

_EXAMPLES = 8
_SEED = 0
_FEW_EXAMPLES = 2
_MOST_MACS = 8 * 10**10
"""Measuring may take this many operations for one network: some seconds of one thread."""
_MOST_PARAMETERS = 2 * 10**8
"""Larger networks are not measured: masked and thin copies of the weights take memory."""


def with_differences(network: Network, summary: NetworkSummary) -> NetworkSummary:
    """The summary, and in it by how much masking half of a group differs from removing it, where they differ.

    Groups come in order until the bound on operations is reached; those that are left out stay unmeasured.
    """
    cost = 2 * _FEW_EXAMPLES * max(1, summary.macs)
    measured = _MOST_MACS // cost if summary.parameters <= _MOST_PARAMETERS else 0
    inexact = [group for group in find_groups(network) if group.inexact][:measured]
    found = {group.name: _difference_at_half(network, group) for group in inexact}
    groups = tuple(group.model_copy(update={"difference": found.get(group.name)}) for group in summary.groups)
    return summary.model_copy(update={"groups": groups})


def _difference_at_half(network: Network, group: ChannelGroup) -> float | None:
    """None where random examples give no answer to compare."""
    count = max(1, group.width // 2 // group.multiple) * group.multiple
    order = torch.randperm(group.width, generator=torch.Generator().manual_seed(_SEED))
    keep = torch.zeros(group.width, dtype=torch.bool).index_fill(0, order[:count], value=True)
    try:
        difference = removal_difference(network, group, keep, _FEW_EXAMPLES)
    except (RuntimeError, IndexError):
        return None
    return difference if math.isfinite(difference) else None


def removal_difference(network: Network, group: ChannelGroup, keep: Tensor, count: int = _EXAMPLES) -> float:
    """Largest difference between the answers with a group's channels masked and with them removed.

    `keep` is bool (width,). The difference is relative to the largest answer, measured on `count` random examples
    (the same ones every time). It is rounding alone where equality is claimed, and 0 for groups that are never masked.
    """
    if group.unit == "hidden":
        return 0.0
    inputs = random_inputs(network, count)
    masked, removed = build(network), build(remove(network, {group.name: keep}))
    Gates(masked, [group]).apply({group.name: keep})
    expected, answer = (_scores(module, inputs) for module in (removed, masked))
    return float((answer - expected).abs().max() / expected.abs().max())


def _scores(module: fx.GraphModule, inputs: Sequence[Tensor]) -> Tensor:
    with torch.no_grad():
        answer = module.eval()(*inputs)
    return answer if isinstance(answer, Tensor) else answer[0]

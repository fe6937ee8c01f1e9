"""Masks multiplied in at the gate sites, the way a run does it while channels are only masked."""

from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn

from worker.engine.coupling import find_groups
from worker.engine.network import Network, build


class Mask(nn.Module):
    def __init__(self, axis: int, off: Tensor) -> None:
        super().__init__()
        self.axis = axis
        self.off = off

    def forward(self, values: Tensor) -> Tensor:
        return values.index_fill(self.axis, self.off, 0.0)


def build_masked(network: Network, keep: Mapping[str, Tensor]) -> fx.GraphModule:
    """The dense network with the dropped channels zeroed at every gate site of their groups."""
    module = build(network)
    nodes = {node.name: node for node in module.graph.nodes}
    number = 0
    for group in find_groups(network):
        for site in group.gates:
            number += 1
            module.add_submodule(f"mask{number}", Mask(site.axis, site.index[~keep[group.name]].flatten()))
            node = nodes[site.node]
            with module.graph.inserting_after(node):
                masked = module.graph.call_module(f"mask{number}", (node,))
            node.replace_all_uses_with(masked, delete_user_cb=lambda user, masked=masked: user is not masked)
    module.recompile()
    return module


def random_masks(network: Network, sparsity: float, seed: int = 0) -> dict[str, Tensor]:
    """Masks that drop exactly this part of every group (rounded down)."""
    generator = torch.Generator().manual_seed(seed)
    masks = {}
    for group in find_groups(network):
        order = torch.randperm(group.width, generator=generator)
        masks[group.name] = torch.ones(group.width, dtype=torch.bool)
        masks[group.name][order[: int(group.width * sparsity)]] = False
    return masks

"""Dropout that weakens with the layers whose outputs it drops (Han et al. 2015)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import fx, nn

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)


@dataclass(frozen=True)
class FollowingDropout:
    """A dropout, and the weights of the nearest layers before it, one on every path to it."""

    name: str
    """Path of the module."""
    dense_rate: float
    weights: tuple[str, ...]

    def rescale(self, module: nn.Module, dense: Mapping[str, int], left: Mapping[str, int]) -> None:
        """Set the rate to `dense rate * sqrt(left / dense)`, of counts of weights by tensor."""
        share = sum(left[name] for name in self.weights) / sum(dense[name] for name in self.weights)
        dropout = module.get_submodule(self.name)
        if isinstance(dropout, _DROPOUTS):
            dropout.p = self.dense_rate * math.sqrt(share)


def find_dropouts(module: fx.GraphModule, weights: Iterable[str]) -> list[FollowingDropout]:
    """The dropouts that follow layers with some of these weights; what lies between holds no weights."""
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    wanted = set(weights)
    modules = dict(module.named_modules())
    found = []
    for node in module.graph.nodes:
        layer = modules.get(str(node.target)) if node.op == "call_module" else None
        if not isinstance(layer, _DROPOUTS):
            continue
        own = tuple(name for name in _weights_before(node, modules, names) if name in wanted)
        if own:
            found.append(FollowingDropout(str(node.target), layer.p, own))
    return found


def _weights_before(node: fx.Node, modules: Mapping[str, nn.Module], names: Mapping[int, str]) -> list[str]:
    """Of the nearest layers that have any, on every path backwards, each once."""
    found: dict[str, None] = {}
    met, ahead = {node}, list(node.all_input_nodes)
    while ahead:
        source = ahead.pop(0)
        if source in met:
            continue
        met.add(source)
        own = _weights(source, modules, names)
        found |= dict.fromkeys(own)
        ahead += [] if own else source.all_input_nodes
    return list(found)


def _weights(node: fx.Node, modules: Mapping[str, nn.Module], names: Mapping[int, str]) -> list[str]:
    """Parameters of two or more axes that the node's module holds."""
    if node.op != "call_module":
        return []
    parameters = modules[str(node.target)].parameters()
    return [names[id(parameter)] for parameter in parameters if parameter.dim() > 1]

"""Torch-Pruning, set up as its own documentation and tests do it."""

import copy
from dataclasses import dataclass

import torch
import torch_pruning
from torch import Tensor, nn

VERSION = torch_pruning.__version__
SHARE = 0.5


@dataclass(frozen=True)
class Heads:
    """Attention layers and how many heads each has, which Torch-Pruning has to be told."""

    layers: dict[nn.Module, int]

    @classmethod
    def of(cls, module: nn.Module) -> "Heads":
        """`nn.MultiheadAttention`, and attention with one linear layer for queries, keys and values."""
        layers: dict[nn.Module, int] = {}
        for layer in module.modules():
            if isinstance(layer, nn.MultiheadAttention):
                layers[layer] = layer.num_heads
            elif isinstance(getattr(layer, "qkv", None), nn.Linear) and isinstance(
                getattr(layer, "num_heads", None), int
            ):
                layers[layer.qkv] = layer.num_heads
        return cls(layers)

    def write_back(self, module: nn.Module) -> None:
        """Tell the attention layers their new number of heads, as Torch-Pruning's examples do."""
        for layer in module.modules():
            qkv = getattr(layer, "qkv", None)
            if qkv in self.layers and not isinstance(layer, nn.MultiheadAttention):
                layer.num_heads = self.layers[qkv]
                layer.head_dim = qkv.out_features // (3 * layer.num_heads)
                if hasattr(layer, "attn_dim"):
                    layer.attn_dim = layer.num_heads * layer.head_dim


def make_pruner(module: nn.Module, inputs: Tensor, classes: int) -> torch_pruning.pruner.BasePruner:
    """Torch-Pruning's magnitude pruner: L2 norms, half of the channels of every group, whole attention heads.

    The classifier stays whole.
    """
    heads = Heads.of(module)
    return torch_pruning.pruner.MagnitudePruner(
        module,
        inputs,
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=SHARE,
        head_pruning_ratio=SHARE,
        ignored_layers=classifiers(module, classes),
        num_heads=heads.layers,
        prune_num_heads=bool(heads.layers),
        prune_head_dims=not heads.layers,
    )


def prune(module: nn.Module, inputs: Tensor, classes: int) -> nn.Module:
    """Find groups, score and remove half of the channels, in place."""
    pruner = make_pruner(module, inputs, classes)
    pruner.step()
    Heads(pruner.num_heads).write_back(module)
    return module


def classifiers(module: nn.Module, classes: int) -> list[nn.Module]:
    """Layers that answer class scores."""
    return [
        layer
        for layer in module.modules()
        if (isinstance(layer, nn.Linear) and layer.out_features == classes)
        or (isinstance(layer, nn.modules.conv._ConvNd) and layer.out_channels == classes)
    ]


def pruned_copy(module: nn.Module, inputs: Tensor, classes: int) -> nn.Module:
    """As `prune`, leaving `module` as it is."""
    with torch.enable_grad():
        return prune(copy.deepcopy(module), inputs, classes)

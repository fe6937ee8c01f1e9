"""Zoo networks for tests, with a table written by hand of which layers silence a group's channels.

A channel is silent when the rows of these modules' weight and bias are zero: its activation is then exactly zero.
The table is what the literature's architectures say; it does not come from the pruner.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor, nn

from worker.engine.network import Network, capture, zeros
from worker.zoo import build_architecture


@dataclass(frozen=True)
class Case:
    name: str
    input_shape: tuple[int, ...]
    silencers: Mapping[str, list[tuple[str, int]]] = field(hash=False, compare=False)
    """Modules to silence by group name, each with the place of the group's first channel in it."""

    def module(self, dtype: torch.dtype = torch.float32, seed: int = 0) -> nn.Module:
        """The network with weights and batch-norm statistics that are nowhere trivial."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = build_architecture(self.name, self.input_shape, class_count=10)
            for layer in module.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    nn.init.normal_(layer.running_mean, std=0.1)
                    nn.init.uniform_(layer.running_var, 0.5, 1.5)
                    nn.init.uniform_(layer.weight, 0.5, 1.5)
                    nn.init.normal_(layer.bias, std=0.3)
        return module.to(dtype).eval()

    def network(self, dtype: torch.dtype = torch.float32) -> Network:
        """The captured network; the same value every time (networks are never changed)."""
        return _captured(self, dtype)

    def inputs(self, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.randn(count, *self.input_shape, generator=torch.Generator().manual_seed(3)).to(dtype)


def captured(module: nn.Module, input_shape: tuple[int, ...], name: str = "test") -> Network:
    """A module with one floating-point input of this shape (one example) as a network."""
    return capture(module, zeros(module, input_shape), name)


@cache
def _captured(case: Case, dtype: torch.dtype) -> Network:
    return captured(case.module(dtype), case.input_shape, case.name)


def silence(module: nn.Module, case: Case, keep: Mapping[str, Tensor]) -> None:
    """Zero the rows that make the channels which `keep` drops, in the dense network."""
    with torch.no_grad():
        for group, mask in keep.items():
            for name, start in case.silencers[group]:
                layer = module.get_submodule(name)
                rows = torch.nonzero(~mask).flatten() + start
                layer.weight[rows] = 0
                layer.bias[rows] = 0


def _own(*names: str) -> dict[str, list[tuple[str, int]]]:
    return {name: [(name, 0)] for name in names}


def _vgg(convolutions: list[int]) -> dict[str, list[tuple[str, int]]]:
    return {f"features.{number}": [(f"features.{number + 1}", 0)] for number in convolutions}


def _resnet(blocks: int) -> dict[str, list[tuple[str, int]]]:
    groups: dict[str, list[tuple[str, int]]] = {
        f"layer{stage}.{block}.conv1": [(f"layer{stage}.{block}.bn1", 0)]
        for stage in (1, 2, 3)
        for block in range(blocks)
    }
    groups["conv1"] = [("bn1", 0)] + [(f"layer1.{block}.bn2", 0) for block in range(blocks)]
    for stage in (2, 3):
        own = [(f"layer{stage}.{block}.bn2", 0) for block in range(blocks)]
        groups[f"layer{stage}.0.conv2"] = [(f"layer{stage}.0.shortcut.1", 0), *own]
    return groups


LENET300 = Case("lenet300", (1, 28, 28), _own("fc1", "fc2"))
LENET5 = Case("lenet5", (1, 28, 28), _own("conv1", "conv2", "fc1"))
LENET5_DIGITS = Case("lenet5", (1, 8, 8), _own("conv1", "conv2", "fc1"))
VGG16 = Case("vgg16_bn", (3, 32, 32), _vgg([0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]))
VGG_SMALL = Case("vgg_small_bn", (1, 28, 28), _vgg([0, 3, 7, 10, 14, 17]))
RESNET20 = Case("resnet20", (3, 32, 32), _resnet(3))
RESNET32 = Case("resnet32", (3, 32, 32), _resnet(5))
RESNET56 = Case("resnet56", (3, 32, 32), _resnet(9))
CASES = (LENET300, LENET5, LENET5_DIGITS, VGG16, VGG_SMALL, RESNET20, RESNET32, RESNET56)


def case_name(case: object) -> str:
    return f"{case.name}-{case.input_shape[-1]}" if isinstance(case, Case) else str(case).removeprefix("torch.")

"""Constants are followed through every operation that has a rule, and what is called constant is: by brute force."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from worker.engine.constant_channels import find_constants
from worker.engine.dead_channels import Thinned, remove_dead
from worker.engine.graph import Network
from worker.engine.graph.evaluation import apply_operation, walk
from worker.engine.network import build, capture

DEAD = [1, 4, 6]
"""Filters of the first layer that are zero."""


class Tail(nn.Module):
    """A convolution of which some filters are zero, without bias or with one that is zero for some, and a function."""

    def __init__(self, function):
        super().__init__()
        self.first = nn.Conv2d(2, 8, 3, padding=1)
        self.function = function
        with torch.no_grad():
            self.first.weight[DEAD] = 0
            self.first.bias[DEAD[:2]] = 0

    def forward(self, x):
        y = self.first(x)
        return y.mean((2, 3)), self.function(y)


def constants_and_values(network: Network):
    """Constants by node, and what the nodes give for two batches of other inputs."""
    inputs = torch.randn(5, *network.graph.input_shape, dtype=torch.float64)
    with torch.no_grad():
        values = walk(
            network.steps,
            {network.graph.inputs[0].name: inputs},
            network.tensors.__getitem__,
            apply_operation,
        )
    return find_constants(network), values


FUNCTIONS = {
    "cat": lambda y: torch.cat([y, y.relu(), y + 1], 1),
    "cat of pixels": lambda y: torch.cat([y, y.relu()], 2),
    "stack": lambda y: torch.stack([y, y * 2], 1),
    "stack after": lambda y: torch.stack([y, y * 2], -1).flatten(1, 2),
    "chunk": lambda y: torch.cat(y.chunk(2, 1)[::-1], 1),
    "split": lambda y: torch.cat(y.split([3, 5], 1)[::-1], 1),
    "slice": lambda y: y[:, 1:7:2],
    "select": lambda y: y[:, 1:5].select(2, 0),
    "unbind": lambda y: torch.stack(y.unbind(1)[::-1], 1),
    "narrow": lambda y: y.narrow(1, 3, 4),
    "transpose": lambda y: y.flatten(2).transpose(1, 2),
    "permute": lambda y: y.permute(0, 2, 3, 1),
    "shuffle by views": lambda y: y.view(-1, 2, 4, 6, 6).transpose(1, 2).reshape(-1, 8, 6, 6),
    "shuffle": lambda y: functional.channel_shuffle(y, 4),
    "pixel shuffle": lambda y: functional.pixel_shuffle(y, 2),
    "pixel unshuffle": lambda y: functional.pixel_unshuffle(y, 2),
    "flip": lambda y: y.flip(1),
    "roll": lambda y: y.roll(3, 1),
    "repeat": lambda y: y.repeat(1, 2, 1, 1),
    "expand": lambda y: y[:, :, None].expand(-1, -1, 3, -1, -1),
    "pad": lambda y: functional.pad(y, (1, 1, 0, 2)),
    "pad channels": lambda y: functional.pad(y, (0, 0, 0, 0, 2, 1)),
    "amax": lambda y: y.amax((2, 3)),
    "amin": lambda y: y.amin((2, 3), keepdim=True),
    "max": lambda y: y.flatten(2).max(2).values,
    "sum": lambda y: y.sum((2, 3)),
    "max pool": lambda y: functional.max_pool2d(y, 3, 2, padding=1, ceil_mode=True),
    "average pool": lambda y: functional.avg_pool2d(y, 3, 2, padding=1),
    "scaled average pool": lambda y: functional.avg_pool2d(y, 2, divisor_override=3),
    "adaptive max pool": lambda y: functional.adaptive_max_pool2d(y, 2),
    "upsampled": lambda y: functional.interpolate(y, scale_factor=2),
    "sequence first": lambda y: torch.cat([y, y + 1], 1).flatten(2).permute(2, 0, 1).mul(2).permute(1, 0, 2),
    "arithmetic": lambda y: torch.maximum(y / 3, 1 - y) ** 2,
    "signs": lambda y: torch.sign(y) + functional.hardshrink(y) + functional.hardswish(y),
    "glu": lambda y: functional.glu(y, 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_called_constant_is_constant_and_reaches_the_result(name: str) -> None:
    torch.manual_seed(0)
    module = Tail(FUNCTIONS[name]).double().eval()
    network = capture(module, (torch.zeros(2, 2, 6, 6, dtype=torch.float64),), "tail")
    found, values = constants_and_values(network)
    for node, constants in found.items():
        known = torch.from_numpy(constants.copy()).expand(values[node].shape)
        known_places = ~known.isnan()
        assert torch.allclose(known[known_places], values[node][known_places], rtol=1e-12, atol=1e-12), node
    assert network.graph.outputs[1] in found


@pytest.mark.parametrize("groups", [2, 8])
def test_grouped_convolutions_pass_constants_on(groups: int) -> None:
    torch.manual_seed(0)
    second = nn.Conv2d(8, 8, 3, padding=1, groups=groups)
    with torch.no_grad():
        second.weight[0] = 0
    network = capture(Tail(second).double().eval(), (torch.zeros(2, 2, 6, 6, dtype=torch.float64),), "grouped")
    constants = find_constants(network)[network.graph.outputs[1]]
    expected = {0, 1, 4} if groups == 8 else {0}
    assert {index for index, value in enumerate(constants.ravel().tolist()) if value == value} == expected


def unit(inputs: int, outputs: int, size: int = 1, **options):
    """Convolution, norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False, **options), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Dense(nn.Module):
    """Two dense blocks' layers and a transition, as DenseNet has them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 6, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(6 + 4 * index) for index in range(3))
        self.narrow = nn.ModuleList(nn.Conv2d(6 + 4 * index, 5, 1, bias=False) for index in range(2))
        self.middle = nn.ModuleList(nn.BatchNorm2d(5) for _ in range(2))
        self.grow = nn.ModuleList(nn.Conv2d(5, 4, 3, padding=1, bias=False) for _ in range(2))
        self.out = nn.Linear(14, 3)

    def forward(self, x):
        y = self.stem(x)
        for norm, narrow, middle, grow in zip(self.norms, self.narrow, self.middle, self.grow, strict=False):
            y = torch.cat([y, grow(functional.relu(middle(narrow(functional.relu(norm(y))))))], 1)
        return self.out(functional.relu(self.norms[2](y)).mean((2, 3)))


class Squeeze(nn.Module):
    """Two fire modules and a pooling between them, as SqueezeNet has them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 6, 3)
        self.squeeze = nn.ModuleList(nn.Conv2d(width, 4, 1) for width in (6, 10))
        self.one = nn.ModuleList(nn.Conv2d(4, 5, 1) for _ in range(2))
        self.three = nn.ModuleList(nn.Conv2d(4, 5, 3, padding=1) for _ in range(2))
        self.out = nn.Conv2d(10, 3, 1)

    def forward(self, x):
        y = functional.relu(self.stem(x))
        for squeeze, one, three in zip(self.squeeze, self.one, self.three, strict=True):
            y = functional.max_pool2d(y, 3, 2, ceil_mode=True, padding=1)
            y = functional.relu(squeeze(y))
            y = torch.cat([functional.relu(one(y)), functional.relu(three(y))], 1)
        return functional.adaptive_avg_pool2d(functional.relu(self.out(y)), 1).flatten(1)


class Shuffle(nn.Module):
    """A unit that halves the resolution and one that splits its channels, as ShuffleNetV2 has them."""

    def __init__(self):
        super().__init__()
        self.stem = unit(2, 6, 3)
        self.left = nn.Sequential(nn.Conv2d(6, 6, 3, 2, 1, groups=6, bias=False), nn.BatchNorm2d(6), unit(6, 4))
        self.right = self.branch(6, 2)
        self.second = self.branch(4, 1)
        self.out = nn.Linear(8, 3)

    @staticmethod
    def branch(width: int, stride: int):
        return nn.Sequential(
            unit(width, 4),
            nn.Conv2d(4, 4, 3, stride, 1, groups=4, bias=False),
            nn.BatchNorm2d(4),
            unit(4, 4),
        )

    @staticmethod
    def shuffled(y):
        return y.view(-1, 2, y.size(1) // 2, y.size(2), y.size(3)).transpose(1, 2).flatten(1, 2)

    def forward(self, x):
        y = self.stem(x)
        y = self.shuffled(torch.cat([self.left(y), self.right(y)], 1))
        first, second = y.chunk(2, 1)
        y = self.shuffled(torch.cat([first, self.second(second)], 1))
        return self.out(y.mean((2, 3)))


class Late(nn.Module):
    """Two kinds of pooling joined in front of the classifier."""

    def __init__(self):
        super().__init__()
        self.stem, self.hidden, self.out = unit(2, 6, 3), nn.Linear(12, 5), nn.Linear(5, 3)

    def forward(self, x):
        y = self.stem(x)
        return self.out(self.hidden(torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)).relu())


def zeroed(module: nn.Module, layers: list[str]) -> Network:
    """The network with a third of these layers' filters at zero; norms shift some of them above zero, some below."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.bias)
            nn.init.normal_(part.running_mean)
    for name in layers:
        layer = module.get_submodule(name)
        with torch.no_grad():
            layer.weight[::3] = 0
            if layer.bias is not None:
                layer.bias[::3] = 0
    return capture(module.double().eval(), (torch.zeros(2, 2, 12, 12, dtype=torch.float64),), "joined")


@pytest.mark.parametrize(
    ("module", "layers", "widths"),
    [
        (Dense, ["stem", "narrow.0", "grow.0", "grow.1"], (4, 4, 2, 5, 2)),
        (Squeeze, ["stem", "squeeze.0", "squeeze.1", "one.0", "three.0", "one.1"], (4, 2, 3, 3, 2, 3, 5)),
        (Shuffle, ["stem.0", "left.2.0", "right.3.0", "second.3.0"], (4, 2, 1, 4, 4)),
        (Late, ["stem.0"], (4, 5)),
    ],
)
def test_zeroed_filters_go_from_networks_with_concatenations(module, layers, widths) -> None:
    torch.manual_seed(3)
    network = zeroed(module(), layers)
    thinned = remove_dead(Thinned.whole(network))
    assert tuple(thinned.widths.values()) == widths
    inputs = torch.randn(4, 2, 12, 12, dtype=torch.float64)
    with torch.no_grad():
        assert (build(network)(inputs) - build(thinned.network)(inputs)).abs().max() < 1e-12

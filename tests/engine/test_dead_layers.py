"""Networks without their dead residual branches answer as before, and hold nothing of them."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.engine.constructs import BY_NAME
from tests.engine.zoo_cases import RESNET20
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.dead_branches import silence
from worker.engine.dead_channels import Thinned, remove_dead
from worker.engine.dead_layers import remove_dead_layers
from worker.engine.network import Network, build, capture, summarize

WIDTH = 6


def convolution(size: int = 3, *, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(WIDTH, WIDTH, size, padding=size // 2, bias=bias)


class Frame(nn.Module):
    """A stem, something residual, and a classifier; norms are nowhere trivial."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, WIDTH, 3, padding=1), nn.Linear(WIDTH, 4)

    def body(self, x):
        raise NotImplementedError

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


class After(Frame):
    """Norm after each convolution, ReLU after the sum: what the branch adds cannot be moved."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm1, self.last, self.norm2 = convolution(), norm(), convolution(), norm()

    def body(self, x):
        x = functional.relu(x)
        y = self.norm2(self.last(functional.relu(self.norm1(self.first(x)))))
        return functional.relu(y + x)


class Before(Frame):
    """Norms and activations before the convolutions, three blocks in a row: sums of sums, down to the stem's bias."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(norm() for _ in range(3))
        self.last = nn.ModuleList(convolution(bias=True) for _ in range(3))

    def body(self, x):
        for own, last in zip(self.norms, self.last, strict=True):
            x = x + last(functional.relu(own(x)))
        return functional.relu(x)


class Gated(Frame):
    """Squeeze and excitation at the end of the branch."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last, self.norm = convolution(), convolution(), norm()
        self.squeeze, self.excite = nn.Conv2d(WIDTH, 3, 1), nn.Conv2d(3, WIDTH, 1)

    def body(self, x):
        y = self.norm(self.last(functional.relu(self.first(x))))
        y = y * torch.sigmoid(self.excite(functional.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        return functional.relu(x + y)


class Scaled(Frame):
    """Layer scale, and a difference in place of a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last, self.gamma = convolution(), convolution(1), nn.Parameter(torch.rand(WIDTH, 1, 1))

    def body(self, x):
        return functional.relu(x) - self.gamma * self.last(functional.gelu(self.first(x)))


class Joined(Frame):
    """Two branches that are added up, as in networks that are merged after training."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm1, self.last, self.norm2 = convolution(), norm(), convolution(1), norm()

    def body(self, x):
        return functional.relu(self.norm1(self.first(x)) + self.norm2(self.last(x)))


def norm() -> nn.BatchNorm2d:
    layer = nn.BatchNorm2d(WIDTH)
    for tensor in (layer.running_mean, layer.weight, layer.bias):
        nn.init.normal_(tensor)
    nn.init.uniform_(layer.running_var, 0.5, 1.5)
    return layer


def captured(module: nn.Module) -> Network:
    return capture(module.double().eval(), (torch.zeros(2, 3, 8, 8, dtype=torch.float64),), "residual")


def made(kind: type[Frame], *zero: str) -> Network:
    """The network with these tensors at zero."""
    torch.manual_seed(2)
    module = kind()
    for name in zero:
        nn.init.zeros_(module.get_parameter(name))
    return captured(module)


def layers(network: Network) -> set[str]:
    return {layer.name for layer in count_layers(network)}


def assert_same(network: Network, short: Network, *inputs: torch.Tensor, training: bool = False) -> None:
    modules = [build(item).train(training) for item in (network, short)]
    with torch.no_grad():
        dense, thin = (module(*inputs) for module in modules)
    assert (dense - thin).abs().max() < 1e-12


ALL = {"stem", "head"}


@pytest.mark.parametrize(
    ("kind", "zero", "left", "constants"),
    [
        (After, ["last.weight"], ALL, {"last.constant"}),
        (After, ["norm2.weight"], ALL, {"last.constant"}),
        (After, ["norm2.weight", "norm2.bias"], ALL, set()),
        (Before, ["last.0.weight", "last.1.weight", "last.2.weight"], ALL, set()),
        (Before, ["last.1.weight"], ALL | {"last.0", "last.2"}, set()),
        (Gated, ["last.weight"], ALL, set()),
        (Gated, ["norm.weight", "norm.bias"], ALL, set()),
        (Scaled, ["gamma"], ALL, set()),
        (Scaled, ["last.weight"], ALL, set()),
        (Joined, ["last.weight"], ALL | {"first"}, set()),
        (Joined, ["first.weight"], ALL | {"last"}, set()),
    ],
)
def test_networks_answer_the_same_without_their_dead_branches(kind, zero, left, constants) -> None:
    network = made(kind, *zero)
    short = remove_dead_layers(network)
    inputs = torch.randn(5, 3, 8, 8, dtype=torch.float64)
    assert_same(network, short, inputs)
    assert build(network)(inputs).std(0).min() > 0
    assert layers(short) == left
    assert {name for name in short.tensors if name not in network.tensors} == constants
    assert {info.name for info in short.graph.tensors} == set(short.tensors)
    if left != layers(network):
        assert count_parameters(short) < count_parameters(network)
        assert count_macs(short) < count_macs(network)
        assert {layer.name for layer in summarize(short).layers} == left


def test_pinned_layers_keep_their_branch() -> None:
    network = made(After, "last.weight")
    assert remove_dead_layers(network, ["first"]) is network


def test_a_scale_of_zero_leaves_in_training_what_it_leaves_in_evaluation() -> None:
    network = made(After, "norm2.weight")
    inputs = torch.randn(5, 3, 8, 8, dtype=torch.float64)
    assert_same(network, remove_dead_layers(network), inputs, training=True)


@pytest.mark.parametrize(
    ("name", "zero", "gone"),
    [
        ("grouped", "group.0.weight", {"expand", "group.0", "reduce.0"}),
        ("inverted_residual", "conv.3.weight", {"conv.0", "conv.3", "conv.6"}),
        ("standard_attention", "attention.out_proj.weight", {"attention", "attention.out_proj"}),
        ("standard_attention", "mlp.0.weight", {"mlp.0", "mlp.3"}),
        ("grouped_query_attention", "v_proj.weight", {"q_proj", "k_proj", "v_proj", "o_proj"}),
        ("convolution_blocks", "wide.weight", {"depthwise", "wide", "narrow"}),
    ],
)
def test_one_layer_of_zeros_takes_its_whole_branch_along(name: str, zero: str, gone: set[str]) -> None:
    network = BY_NAME[name].network(torch.float64)
    dense = Network(network.graph, {**network.tensors, zero: torch.zeros_like(network.tensors[zero])})
    short = remove_dead_layers(dense)
    assert layers(dense) - layers(short) == gone
    assert_same(dense, short, *BY_NAME[name].inputs(4, torch.float64))


def test_a_residual_network_loses_blocks_and_what_only_they_read() -> None:
    """Of a trunk channel that only a dead block reads, nothing is left."""
    network = RESNET20.network(torch.float64)
    tensors = {name: tensor.clone() for name, tensor in network.tensors.items()}
    for name in ("layer1.1.conv2.weight", "layer2.2.conv2.weight", "layer3.0.shortcut.0.weight"):
        tensors[name].zero_()
    for name in ("layer1.0.conv1", "layer1.2.conv1", "layer2.0.conv1", "layer2.0.shortcut.0"):
        tensors[f"{name}.weight"][:, 3] = 0
    dense = Network(network.graph, tensors)
    quiet = Thinned.whole(silence(dense, ()))
    assert remove_dead(Thinned.whole(dense)).widths["conv1"] == 16
    thinned = remove_dead(quiet)
    assert thinned.widths["conv1"] == 15
    short = remove_dead_layers(thinned.network)
    gone = {"layer1.1.conv1", "layer1.1.conv2", "layer2.2.conv1", "layer2.2.conv2", "layer3.0.shortcut.0"}
    assert layers(network) - layers(short) == gone
    assert_same(dense, short, RESNET20.inputs(3, torch.float64))
    names = list(short.tensors)
    place = names.index("layer1.1.conv2.constant")
    assert (names[place - 1], names[place + 1]) == ("layer1.0.bn2.running_var", "layer1.2.conv1.weight")


def test_a_network_without_dead_branches_stays_the_same_value() -> None:
    network = BY_NAME["residual"].network(torch.float64)
    assert silence(network, ()) is network
    assert remove_dead_layers(network) is network

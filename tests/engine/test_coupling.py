"""Which channels go together, where they can be masked, and what is locked."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.engine.masking import build_masked, random_masks
from tests.engine.zoo_cases import CASES, LENET5, RESNET20, VGG_SMALL, captured, case_name
from worker.engine.coupling import find_groups, find_locks
from worker.engine.network import build
from worker.engine.surgery import remove
from worker.zoo import build_architecture


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_the_zoo_has_the_groups_that_its_architects_drew(case):
    assert {group.name for group in find_groups(case.network())} == set(case.silencers)


def test_groups_come_in_forward_order_and_name_their_readers():
    groups = find_groups(LENET5.network())
    assert [(group.name, group.width, group.layers, group.consumers) for group in groups] == [
        ("conv1", 20, ("conv1",), ("conv2",)),
        ("conv2", 50, ("conv2",), ("fc1",)),
        ("fc1", 500, ("fc1",), ("fc2",)),
    ]


def test_a_residual_stream_is_one_group_of_all_layers_that_write_to_it():
    first = find_groups(RESNET20.network())[0]
    assert first.layers == ("conv1", "layer1.0.conv2", "layer1.1.conv2", "layer1.2.conv2")
    assert "layer2.0.shortcut.0" in first.consumers
    assert len(first.gates) == 4  # the stem, and the end of each block of the first stage


def test_batch_norm_follows_its_channels():
    members = {(member.tensor, member.axis) for member in find_groups(VGG_SMALL.network())[0].members}
    norm = {(f"features.1.{name}", 0) for name in ("weight", "bias", "running_mean", "running_var")}
    assert members == norm | {("features.0.weight", 0), ("features.0.bias", 0), ("features.3.weight", 1)}


def test_gates_sit_after_pooling_and_before_flattening():
    network = LENET5.network()
    module = build(network)
    kinds = {node.name: str(node.target) for node in module.graph.nodes}
    sites = [group.gates for group in find_groups(network)]
    assert [len(gates) for gates in sites] == [1, 1, 1]
    assert ["max_pool2d" in kinds[gates[0].node] for gates in sites] == [True, True, False]
    assert "relu" in kinds[sites[2][0].node]


def test_a_flatten_gives_each_channel_a_block_of_inputs():
    (member,) = (item for item in find_groups(LENET5.network())[1].members if item.tensor == "fc1.weight")
    assert member.axis == 1
    assert torch.equal(member.index, torch.arange(800).reshape(50, 16))


class Dense(nn.Module):
    """Concatenation: each convolution reads all earlier maps."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, padding=1), nn.Conv2d(9, 6, 1)
        self.norm = nn.BatchNorm2d(9)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        a = functional.relu(self.a(x))
        both = torch.cat([a, functional.relu(self.b(a))], 1)
        return self.head(functional.relu(self.c(self.norm(both))).mean((2, 3)))


class Depthwise(nn.Module):
    """An inverted bottleneck: expand, depthwise, squeeze, scale by squeeze-and-excitation."""

    def __init__(self):
        super().__init__()
        self.expand, self.depth = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.narrow, self.widen = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = functional.hardswish(self.depth(functional.relu6(self.expand(x))))
        attention = torch.sigmoid(self.widen(functional.relu(self.narrow(functional.adaptive_avg_pool2d(x, 1)))))
        return self.head((x * attention).mean((2, 3)))


class Halves(nn.Module):
    """Splits, narrows and views with burned-in sizes."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(4, 6, 1), nn.Linear(6 * 16, 12)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        left, right = functional.relu(self.a(x)).chunk(2, 1)
        x = functional.relu(self.b(left * right)).view(-1, 6 * 16)
        x = functional.relu(self.c(x))
        return self.head(x[:, :6] + x[:, 6:])


class Shuffle(nn.Module):
    """A channel shuffle: a view multiplies two axes, which are swapped and flattened again."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 6, 1), nn.Linear(6, 2)

    def forward(self, x):
        x = functional.relu(self.a(x))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return self.head(functional.relu(self.b(x)).amax((2, 3)))


class Scaled(nn.Module):
    """A learned scale for each channel, used like any other value."""

    def __init__(self):
        super().__init__()
        self.a, self.head = nn.Conv2d(3, 5, 1), nn.Linear(5, 2)
        self.gamma = nn.Parameter(torch.rand(5, 1, 1) + 0.5)

    def forward(self, x):
        return self.head((self.a(x) * self.gamma).relu().mean((2, 3)))


@pytest.mark.parametrize(
    ("module", "widths"),
    [
        (Dense, {"a": 4, "b": 5, "c": 6}),
        (Depthwise, {"expand": 8, "narrow": 4}),
        (Scaled, {"a": 5}),
    ],
)
def test_other_networks_follow_the_same_rules(module, widths):
    torch.manual_seed(0)
    module = module().double().eval()
    network = captured(module, (3, 4, 4))
    assert {group.name: group.width for group in find_groups(network)} == widths
    keep = random_masks(network, 0.5)
    masked, thin = build_masked(network, keep), build(remove(network, keep))
    inputs = torch.randn(3, 3, 4, 4, dtype=torch.float64)
    assert (masked(inputs) - thin(inputs)).abs().max() < 1e-12
    assert (masked.train()(inputs) - thin.train()(inputs)).abs().max() < 1e-12


def test_the_scale_of_a_channel_goes_with_it():
    network = captured(Scaled().eval(), (3, 4, 4))
    assert remove(network, {"a": torch.arange(5) < 2}).tensors["gamma"].shape == (2, 1, 1)


@pytest.mark.parametrize("module", [Halves, Shuffle])
def test_sizes_burned_into_splits_and_views_are_mended_or_the_channels_locked(module):
    torch.manual_seed(0)
    module = module().double().eval()
    network = captured(module, (3, 4, 4))
    assert find_groups(network)
    keep = random_masks(network, 0.5)
    masked, thin = build_masked(network, keep), build(remove(network, keep))
    inputs = torch.randn(3, 3, 4, 4, dtype=torch.float64)
    assert (masked(inputs) - thin(inputs)).abs().max() < 1e-12


class Locked(nn.Module):
    def __init__(self, between):
        super().__init__()
        self.a, self.between, self.head = nn.Linear(4, 6), between, nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.between(self.a(x)))


@pytest.mark.parametrize(
    ("between", "reason"),
    [(nn.LogSoftmax(1), "log_softmax"), (nn.Softmax(1), "normalizes over them")],
)
def test_channels_of_operations_without_exact_removal_are_locked_with_a_reason(between, reason):
    network = captured(Locked(between).eval(), (4,))
    assert find_groups(network) == ()
    locks = {lock.layer: lock.reason for lock in find_locks(network)}
    assert reason in locks["a"]
    assert "answer" in locks["head"]


def test_a_layer_of_one_channel_is_still_a_group():
    network = captured(build_architecture("mlp", (4,), 2, (1, 3)).eval(), (4,), "mlp")
    assert [(group.name, group.width) for group in find_groups(network)] == [("fc1", 1), ("fc2", 3)]


def test_every_position_of_an_axis_is_in_at_most_one_group():
    for case in (RESNET20, VGG_SMALL):
        taken = set()
        for group in find_groups(case.network()):
            for member in group.members:
                places = {(member.tensor, member.axis, int(place)) for place in member.index.flatten()}
                assert not places & taken
                taken |= places

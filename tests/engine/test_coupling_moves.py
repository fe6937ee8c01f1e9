"""Every way of moving channels about: what goes is cut everywhere alike, or nothing goes and the reason is told."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.engine import oracle
from worker.engine.coupling import find_groups, find_locks
from worker.engine.network import capture

WIDTH, SIZE = 8, 4


class Moved(nn.Module):
    """A convolution, something done to its channels, and a convolution or a linear layer that reads them."""

    def __init__(self, move, width, is_flat):
        super().__init__()
        self.make, self.norm, self.move = nn.Conv2d(2, WIDTH, 1), nn.BatchNorm2d(WIDTH), move
        self.read = nn.Linear(width, 5) if is_flat else nn.Conv2d(width, 5, 1)
        self.head = nn.Linear(5, 3)
        self.register_buffer("order", torch.tensor([6, 1, 1, 3, 7, 0]))
        self.register_buffer("mask", torch.arange(SIZE) > 1)
        self.gain = nn.Parameter(torch.rand(1, WIDTH, 1, 1) + 0.5)

    def forward(self, x):
        x = self.read(self.move(self, functional.silu(self.norm(self.make(x)))))
        return self.head(x.relu().flatten(2).mean(2) if x.dim() > 2 else x.relu())


def _shuffle(_, x):
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def _windows(_, x):
    x = x.permute(0, 2, 3, 1).reshape(-1, 2, 2, 2, 2, WIDTH).transpose(2, 3)
    return x.reshape(-1, SIZE, SIZE, WIDTH).permute(0, 3, 1, 2)


def _zeros(_, x):
    return torch.cat([x, torch.zeros(x.shape[0], 3, SIZE, SIZE, dtype=x.dtype)], 1)


def _reflected(_, x):
    return functional.pad(x.flatten(2).transpose(1, 2), (2, 2), mode="reflect").flatten(1)


MOVES = {
    "shuffle": (_shuffle, WIDTH, 4),
    "builtin_shuffle": (lambda _, x: torch.channel_shuffle(x, 4), WIDTH, 4),
    "windows": (_windows, WIDTH, WIDTH),
    "roll": (lambda _, x: torch.roll(x, (3, 1), (1, 2)), WIDTH, WIDTH),
    "flip": (lambda _, x: x.flip(1), WIDTH, WIDTH),
    "repeat": (lambda _, x: x.repeat(1, 2, 1, 1), 2 * WIDTH, WIDTH),
    "interleave": (lambda _, x: x.repeat_interleave(2, 1), 2 * WIDTH, WIDTH),
    "halves": (lambda _, x: x[:, : WIDTH // 2] * x[:, WIDTH // 2 :], WIDTH // 2, WIDTH // 2),
    "uneven_split": (lambda _, x: torch.cat(x.split([3, 5], 1)[::-1], 1), WIDTH, WIDTH),
    "narrow": (lambda _, x: torch.cat([x.narrow(1, 2, 6), x.narrow(1, 0, 4)], 1), 10, WIDTH),
    "stack": (lambda _, x: torch.stack([x, x.tanh()], 2).sum(2), WIDTH, WIDTH),
    "unbind": (lambda _, x: sum(x.unflatten(1, (2, 4)).unbind(1)), 4, 4),
    "select": (lambda _, x: x.unflatten(1, (2, 4)).select(1, 1), 4, 4),
    "padding": (lambda _, x: functional.pad(x, (0, 0, 0, 0, 2, 3)), WIDTH + 5, WIDTH),
    "cropping": (lambda _, x: functional.pad(x, (0, 0, 0, 0, -2, 0)), WIDTH - 2, WIDTH - 2),
    "zeros": (_zeros, WIDTH + 3, WIDTH),
    "ones_like": (lambda _, x: x * torch.ones_like(x), WIDTH, WIDTH),
    "stored_order": (lambda self, x: x[:, self.order], 6, 5),
    "index_select": (lambda self, x: x.index_select(1, self.order), 6, 5),
    "where": (lambda self, x: torch.where(self.mask, x, -x), WIDTH, WIDTH),
    "masked_fill": (lambda self, x: x.masked_fill(self.mask, 2.0), WIDTH, WIDTH),
    "gain": (lambda self, x: x * self.gain, WIDTH, WIDTH),
    "gain_expanded": (lambda self, x: x * self.gain.expand(1, WIDTH, SIZE, SIZE), WIDTH, WIDTH),
    "gate_expanded": (lambda _, x: x * x.mean((2, 3), keepdim=True).sigmoid().expand_as(x), WIDTH, WIDTH),
    "spatial_gate": (lambda _, x: x * x[:, :, :1, :1].amax((2, 3), keepdim=True).sigmoid(), WIDTH, WIDTH),
    "pixel_shuffle": (lambda _, x: functional.pixel_shuffle(x, 2), WIDTH // 4, 2),
    "pixel_unshuffle": (lambda _, x: functional.pixel_unshuffle(x, 2), WIDTH * 4, WIDTH),
    "unfold": (lambda _, x: functional.unfold(x, 2, stride=2).unflatten(2, (2, 2)), WIDTH * 4, WIDTH),
    "resized": (lambda _, x: functional.interpolate(x, scale_factor=2, mode="bilinear"), WIDTH, WIDTH),
    "softmax_over_space": (lambda _, x: x.flatten(2).softmax(2).view(-1, WIDTH, SIZE, SIZE), WIDTH, WIDTH),
    "flat": (lambda _, x: x.flatten(1), WIDTH * SIZE**2, WIDTH),
    "flat_view": (lambda _, x: x.view(-1, WIDTH * SIZE**2), WIDTH * SIZE**2, WIDTH),
    "shuffled_flat": (lambda _, x: functional.pixel_unshuffle(x, 2).flatten(1), WIDTH * SIZE**2, WIDTH),
    "pooled": (lambda _, x: functional.max_pool2d(x, 2).flatten(1), WIDTH * 4, WIDTH),
}
"""What is done to the channels, how many places are read, and how many units can go one by one."""


def network_of(move, width, is_flat):
    torch.manual_seed(0)
    module = Moved(move, width, is_flat).double().eval()
    nn.init.uniform_(module.norm.running_mean)
    nn.init.normal_(module.norm.bias)
    inputs = torch.randn(8, 2, SIZE, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return module, capture(module, (inputs,), "moved"), inputs


@pytest.mark.parametrize("name", MOVES)
def test_moved_channels_are_cut_exactly(name):
    move, width, units = MOVES[name]
    module, network, inputs = network_of(move, width, "flat" in name or name == "pooled")
    prunable = [group for group in find_groups(network) if group.layers[0] == "make"]
    assert sum(group.width for group in prunable) == units
    for sparsity in (0.3, 0.5):
        keep = oracle.random_keep(network, sparsity)
        oracle.assert_removal_is_exact(module, network, [inputs], keep, rows="noise")


LOCKING = {
    "strided": (lambda _, x: x[:, ::2], WIDTH // 2, "picks single ones"),
    "one": (lambda _, x: x.select(1, 3).unsqueeze(1), 1, "picks single ones"),
    "softmax": (lambda _, x: x.softmax(1), WIDTH, "normalizes over them"),
    "reflected": (_reflected, 12 * SIZE**2, "copies"),
    "cumulated": (lambda _, x: x.cumsum(1), WIDTH, "runs over them"),
    "arange": (lambda _, x: x * torch.arange(WIDTH).view(1, -1, 1, 1), WIDTH, "size cannot change"),
    "largest": (lambda _, x: x * x.amax(1, keepdim=True), WIDTH, "statistics"),
    "sorted": (lambda _, x: x.topk(3, 1)[0], 3, "no rule"),
}


@pytest.mark.parametrize("name", LOCKING)
def test_what_has_no_exact_removal_is_locked_with_the_reason(name):
    move, width, reason = LOCKING[name]
    _, network, _ = network_of(move, width, name == "reflected")
    assert "make" not in {group.layers[0] for group in find_groups(network)}
    (lock,) = (lock for lock in find_locks(network) if lock.layer == "make")
    assert reason in lock.reason
    assert f"`{lock.node}`" in lock.reason
    assert lock.node in {node.name for node in network.graph.nodes}


def test_channels_that_are_all_tied_are_locked_by_the_node_that_tied_the_last():
    _, network, _ = network_of(lambda _, x: x.roll(1, 1) + x, WIDTH, False)
    (group,) = (group for group in find_groups(network) if "make" in group.layers)
    assert group.width == 1
    (lock,) = (lock for lock in find_locks(network) if lock.layer == "make")
    (node,) = (node for node in network.graph.nodes if node.target == "aten.add.Tensor")
    assert lock.node == node.name
    tied = f"`{node.name}` ties the last of its 8 channels to the others"
    assert lock.reason == f"{tied}: they could only go all together"

"""Networks drawn at random from common blocks: masking at the gates equals removal, whatever the wiring."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from tests.engine.masking import build_masked
from tests.engine.zoo_cases import captured
from worker.engine.coupling import find_groups
from worker.engine.network import build, dump, load
from worker.engine.surgery import remove

BLOCKS = ("plain", "residual", "concatenate", "pool", "depthwise", "gated")


class Drawn(nn.Module):
    """A chain of blocks on 8x8 maps, then a flatten or an average, then a classifier."""

    def __init__(self, blocks, width, is_flattened):
        super().__init__()
        self.kinds, self.is_flattened = blocks, is_flattened
        self.stem = nn.Conv2d(2, width, 3, padding=1)
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        size = 8
        for kind in blocks:
            groups = width if kind == "depthwise" else 1
            self.convolutions.append(nn.Conv2d(width, width, 3, padding=1, groups=groups))
            self.norms.append(nn.BatchNorm2d(width))
            width = 2 * width if kind == "concatenate" else width
            size = size // 2 if kind == "pool" and size > 1 else size
        self.hidden = nn.Linear(width * size * size if is_flattened else width, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        x = functional.relu(self.stem(x))
        for kind, convolution, norm in zip(self.kinds, self.convolutions, self.norms, strict=True):
            y = norm(convolution(x))
            if kind == "residual":
                x = functional.relu(x + y)
            elif kind == "concatenate":
                x = torch.cat([x, functional.silu(y)], 1)
            elif kind == "gated":
                x = x * torch.sigmoid(y)
            else:
                x = functional.relu(y)
            if kind == "pool" and x.shape[2] > 1:
                x = functional.max_pool2d(x, 2)
        x = torch.flatten(x, 1) if self.is_flattened else functional.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.head(torch.tanh(self.hidden(x)))


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_masking_equals_removal_for_any_wiring(data):
    blocks = data.draw(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4))
    module = Drawn(blocks, data.draw(st.integers(2, 4)), data.draw(st.booleans()))
    network = captured(module.double().eval(), (2, 8, 8))
    groups = find_groups(network)
    assert "hidden" in {group.name for group in groups}
    keep = {}
    for group in groups:
        kept = data.draw(st.sets(st.integers(0, group.width - 1), min_size=1))
        keep[group.name] = torch.tensor([channel in kept for channel in range(group.width)])
    thin = load(dump(remove(network, keep)))
    inputs = torch.randn(3, 2, 8, 8, dtype=torch.float64)
    masked, removed = build_masked(network, keep), build(thin)
    for is_training in (False, True):
        with torch.no_grad():
            difference = masked.train(is_training)(inputs) - removed.train(is_training)(inputs)
        assert difference.abs().max() < 1e-10

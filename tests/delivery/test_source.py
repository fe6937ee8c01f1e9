"""The emitted source is plain PyTorch that computes the same."""

import ast

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.engine.masking import random_masks
from tests.engine.test_coupling import Dense, Depthwise, Halves, Scaled, Shuffle
from tests.engine.zoo_cases import CASES, LENET5, RESNET20, VGG_SMALL, captured, case_name
from worker.delivery import write_source
from worker.engine.inputs import Inputs
from worker.engine.network import build
from worker.engine.network.inputs import network_inputs
from worker.engine.scaling import ChannelScaling, Scaling, unscaled
from worker.engine.surgery import remove
from worker.zoo import build_architecture

SCALING = Scaling.one(ChannelScaling(mean=(0.25,), std=(0.5,), divisor=255.0))


def execute(source):
    """The names that the source defines (its file is only read by `load`)."""
    names = {"__name__": "model", "__file__": "model.py"}
    exec(compile(source, "model.py", "exec"), names)
    return names


def written(network):
    """The source with stored numbers taken as they are."""
    return write_source(network, unscaled(network_inputs(network)))


def emitted(network):
    module = execute(written(network))["Model"]()
    module.to(network.float_type).load_state_dict(dict(network.tensors))
    return module.eval()


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_the_source_of_every_pruned_zoo_network_computes_the_same(case):
    network = remove(case.network(), random_masks(case.network(), 0.5))
    inputs = case.inputs(2)
    with torch.no_grad():
        assert torch.equal(emitted(network)(inputs), build(network)(inputs))


def test_padded_shortcuts_are_written_too():
    network = captured(build_architecture("resnet20_a", (3, 32, 32), 10), (3, 32, 32), "resnet20_a")
    network = remove(network, random_masks(network, 0.5))
    inputs = RESNET20.inputs(2)
    with torch.no_grad():
        assert torch.equal(emitted(network)(inputs), build(network)(inputs))


class Unusual(nn.Module):
    """Options and operations that have no pretty spelling."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, (3, 1), stride=(2, 1), padding=(1, 0), dilation=(1, 1), bias=False)
        self.norm = nn.BatchNorm2d(4, eps=1e-3, momentum=0.2, affine=False)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = functional.leaky_relu(self.norm(self.conv(x)), 0.2)
        x = functional.avg_pool2d(functional.max_pool2d(x, 3, 1, 1), 2, ceil_mode=True)
        x = torch.clamp(torch.add(x, x * 2 - 1, alpha=3) / 2, -4.0, float("inf"))
        return functional.log_softmax(self.head(self.drop(x.mean((2, 3)))), 1)


@pytest.mark.parametrize("module", [Dense, Depthwise, Halves, Shuffle, Scaled, Unusual])
def test_other_networks_can_be_written(module):
    torch.manual_seed(0)
    network = captured(module().eval(), (3, 4, 4))
    inputs = torch.randn(3, 3, 4, 4)
    with torch.no_grad():
        assert torch.equal(emitted(network)(inputs), build(network)(inputs))


def test_layers_named_by_number_can_be_written():
    network = captured(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), (4,))
    inputs = torch.randn(3, 4)
    assert torch.equal(emitted(network)(inputs), build(network)(inputs))


def test_a_network_in_double_precision_stays_so():
    network = LENET5.network(torch.float64)
    inputs = LENET5.inputs(2, torch.float64)
    assert torch.equal(emitted(network)(inputs), build(network)(inputs))


def test_the_source_reads_like_hand_written_code():
    source = write_source(LENET5.network(), SCALING)
    assert "self.conv1 = nn.Conv2d(1, 20, 5)" in source
    assert "x = F.max_pool2d(x, 2)" in source
    assert "torch.ops" not in source
    assert "lenet5: 431,080 parameters, 2,293,000 multiply-accumulate operations" in source


def test_the_source_imports_torch_safetensors_and_the_standard_library_only():
    for case in (LENET5, VGG_SMALL, RESNET20):
        tree = ast.parse(write_source(case.network(), SCALING))
        imported = {
            (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert imported == {"pathlib", "safetensors", "torch"}


def test_raw_pixels_are_scaled_as_the_network_was_trained():
    names = execute(write_source(LENET5.network(), SCALING))
    pixels = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 1, 28, 28)
    scaled = names["scale"](pixels)
    (expected,) = SCALING.on(torch.device("cpu"))(Inputs.of(pixels))
    assert torch.equal(scaled, expected)
    assert torch.allclose(scaled[:, 0, 0, 0], torch.tensor([-0.5, 1.5]))


class Hiding(nn.Module):
    """Names that traced modules and module dictionaries have for themselves."""

    def __init__(self):
        super().__init__()
        self.block = nn.Module()
        self.block.keys, self.block.values = nn.Linear(3, 2), nn.Linear(2, 2)
        self.graph, self.code = nn.Linear(2, 2), nn.Parameter(torch.randn(2))

    def forward(self, x):
        return self.graph(self.block.values(self.block.keys(x))) * self.code


def test_names_that_hide_something_are_written():
    torch.manual_seed(0)
    module, inputs = Hiding(), torch.randn(3, 3)
    written = emitted(captured(module, (3,)))
    assert torch.equal(written(inputs), module(inputs))
    assert list(written.state_dict()) == list(module.state_dict())

"""Names that are no Python identifiers, such as `block1-0` of RegNets, go all the way and back."""

import torch
from torch import nn

from worker.delivery.source import write_source
from worker.engine.coupling import find_groups
from worker.engine.network import build, capture, dump, load
from worker.engine.scaling import ChannelScaling, Scaling
from worker.engine.surgery import remove

INPUTS = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))


class Hyphenated(nn.Module):
    def __init__(self):
        super().__init__()
        block = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.stage = nn.ModuleDict({"block1-0": block})
        self.head = nn.Linear(8, 5)

    def forward(self, pictures):
        return self.head(self.stage["block1-0"](pictures).mean((2, 3)))


def test_a_network_with_hyphens_in_its_names_is_pruned_and_written():
    network = load(dump(capture(Hyphenated().eval(), (INPUTS[:1],), "hyphenated")))
    (group,) = find_groups(network)
    assert group.name == "stage.block1-0.0"
    thin = remove(network, {group.name: torch.arange(8) % 2 == 0})
    expected = build(thin)(INPUTS)
    source = {"__name__": "model", "__file__": "model.py"}
    exec(write_source(thin, Scaling.one(ChannelScaling((0.0,) * 3, (1.0,) * 3, 255))), source)
    model = source["Model"]()
    model.load_state_dict(dict(thin.tensors))
    assert torch.equal(model.eval()(INPUTS), expected)

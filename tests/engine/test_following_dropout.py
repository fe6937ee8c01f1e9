"""Dropout that weakens with the weights of the layer before it."""

import pytest
import torch
from torch import nn

from tests.engine.runs import CPU, blobs, recipe, small_lenet
from tests.engine.zoo_cases import captured
from worker.engine.checkpoint import Checkpoint
from worker.engine.granularities import make_removal
from worker.engine.network import summarize
from worker.engine.run import run
from worker.engine.trainee import Trainee
from worker.engine.weights.dropout import find_dropouts

NETWORK = captured(
    nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(256, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4)).eval(),
    (1, 16, 16),
)
BEHIND_NORM = captured(
    nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(0.2), nn.Flatten(), nn.Linear(784, 4))
    ).eval(),
    (1, 16, 16),
)
NEVER = captured(nn.Sequential(nn.Flatten(), nn.Linear(256, 8), nn.Dropout(0.0), nn.Linear(8, 4)).eval(), (1, 16, 16))
RECIPE = recipe(
    target={"kind": "sparsity", "sparsity": 0.75},
    prune={
        "criterion": {"kind": "magnitude"},
        "granularity": {"kind": "unstructured", "rescale_dropout": True},
        "allocation": {"kind": "uniform"},
        "schedule": {"kind": "one_shot", "training_steps": 1},
        "points": 1,
    },
)


def rates(trainee: Trainee) -> list[float]:
    return [layer.p for layer in trainee.module.modules() if isinstance(layer, nn.Dropout)]


def test_dropout_belongs_to_the_nearest_layer_before_it():
    trainee = Trainee(NETWORK, CPU)
    (found,) = find_dropouts(trainee.module, ["2.weight", "5.weight"])
    assert (found.weights, found.dense_rate) == (("2.weight",), 0.5)  # nothing comes before the first one


class _Fork(nn.Module):
    """Two layers side by side, the second behind another one, and dropout behind both."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.left, self.right = nn.Linear(256, 6), nn.Linear(6, 4), nn.Linear(6, 8)
        self.drop, self.last = nn.Dropout(0.5), nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x.flatten(1)).relu()
        both = torch.cat([self.left(hidden).relu(), self.right(hidden)], 1)
        return self.last(self.drop(both.relu()))


def test_dropout_behind_several_layers_belongs_to_all_of_them():
    trainee = Trainee(captured(_Fork().eval(), (1, 16, 16)), CPU)
    names = [name for name, _ in trainee.module.named_parameters() if name.endswith("weight")]
    (found,) = find_dropouts(trainee.module, names)
    assert sorted(found.weights) == ["left.weight", "right.weight"]
    found.rescale(trainee.module, {"left.weight": 24, "right.weight": 48}, {"left.weight": 0, "right.weight": 18})
    assert rates(trainee) == [0.25]


@pytest.mark.parametrize(
    ("network", "layers"), [(NETWORK, ("2",)), (BEHIND_NORM, ("0",)), (NEVER, ()), (small_lenet(), ())]
)
def test_the_summary_names_the_layers_that_are_dropped(network, layers):
    """As a run finds them, behind norms too; what is dropped with probability 0 never is."""
    summary = summarize(network)
    assert summary.dropped_layers == layers
    assert set(layers) <= {layer.name for layer in summary.layers}


def test_the_rate_falls_with_the_root_of_the_share_that_is_left_and_a_checkpoint_brings_it_back():
    trainee = Trainee(NETWORK, CPU)
    removal = make_removal(NETWORK, trainee, summarize(NETWORK), RECIPE, torch.Generator())
    assert rates(trainee) == [0.1, 0.5]
    removal.remove(0.25, None)
    assert rates(trainee) == pytest.approx([0.1, 0.5 * 0.25**0.5])
    checkpoint = Checkpoint(1, trainee.checkpoint_tensors(), {})

    again = Trainee(NETWORK, CPU)
    other = make_removal(NETWORK, again, summarize(NETWORK), RECIPE, torch.Generator())
    again.restore(checkpoint, lambda parameters: torch.optim.SGD(parameters, 0.1))
    other.restore()
    assert rates(again) == rates(trainee)


def test_a_run_with_weaker_dropout_resumes_to_the_same_bits():
    outputs = list(run(NETWORK, blobs(), RECIPE, CPU, should_stop=lambda: False))
    checkpoints = [output for output in outputs if isinstance(output, Checkpoint)]
    resume = Checkpoint.from_bytes(checkpoints[-2].to_bytes())
    again = list(run(NETWORK, blobs(), RECIPE, CPU, should_stop=lambda: False, resume=resume))
    assert [output for output in again if isinstance(output, Checkpoint)][-1].to_bytes() == checkpoints[-1].to_bytes()

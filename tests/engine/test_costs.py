import pytest
import torch

from backend.domain.costs import FixedCost, NoCost, ParameterFreeCost
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.thinning import SizeModel
from tests.engine.runs import blobs, collect_run, recipe, small_lenet
from worker.engine.catalogue import COSTS
from worker.engine.costs.amounts import Operations
from worker.engine.costs.cost import CostModel
from worker.engine.network import summarize
from worker.engine.surgery import remove

# conv1: 1 -> 3 channels, 3x3, on 4x4 places; conv2: 3 -> 5, 3x3, on 2x2 places; fc: 5 * 2 * 2 = 20 -> 10.
THREE_LAYERS = NetworkSummary(
    architecture="by hand",
    input_shape=(1, 6, 6),
    class_count=10,
    layers=(
        Layer(
            name="conv1", type="conv", in_width=1, width=3, kernel=(3, 3), output_size=(4, 4), parameters=30, macs=432,
            group="conv1",
        ),
        Layer(
            name="conv2", type="conv", in_width=3, width=5, kernel=(3, 3), output_size=(2, 2), parameters=140, macs=540,
            group="conv2",
        ),
        Layer(name="fc", type="linear", in_width=20, width=10, parameters=210, macs=200),
    ),
    groups=(
        ChannelGroupInfo(name="conv1", width=3, layers=("conv1",), consumers=("conv2",)),
        ChannelGroupInfo(name="conv2", width=5, layers=("conv2",), consumers=("fc",)),
    ),
    parameters=380,
    macs=1172,
)  # fmt: skip

# C = 4*4*3*(2*1*9 + 1) + 2*2*5*(2*3*9 + 1) + 10*(2*20 + 1) = 912 + 1100 + 410
DENSE_OPERATIONS = 912 + 1100 + 410


def widths(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_cost_of_a_three_layer_network_is_what_one_works_out_by_hand():
    operations = Operations(SizeModel.of(THREE_LAYERS))
    assert operations.at(widths(3, 5)).item() == DENSE_OPERATIONS
    # one map of conv1 less: 16*2*19 + 4*5*(2*2*9 + 1) + 410
    assert operations.at(widths(2, 5)).item() == 608 + 740 + 410


def test_a_removal_saves_the_map_and_what_its_consumers_read_of_it():
    changes = CostModel(Operations(SizeModel.of(THREE_LAYERS))).changes(widths(3, 5)) * DENSE_OPERATIONS
    # conv1: 16*(2*9+1) = 304 of its own, 2*2*5*2*9 = 360 in conv2; conv2: 4*(2*3*9+1) = 220, and 10*2*4 = 80 in fc
    assert changes.tolist() == pytest.approx([-664, -300])


def test_the_change_follows_the_neighbors_widths():
    model = CostModel(Operations(SizeModel.of(THREE_LAYERS)))
    changes = model.changes(widths(2, 5)) * DENSE_OPERATIONS
    assert changes[1].item() == pytest.approx(-(4 * (2 * 2 * 9 + 1) + 80))  # conv2's maps are cheaper now


def test_the_three_ways_of_weighing():
    scores, changes = widths(0.5, 0.1), widths(-0.25, -0.02)
    assert COSTS.make(NoCost()).objective(scores, changes).tolist() == [0.5, 0.1]
    assert COSTS.make(FixedCost(beta=2.0)).objective(scores, changes).tolist() == pytest.approx([0.0, 0.06])
    assert COSTS.make(ParameterFreeCost()).objective(scores, changes).tolist() == pytest.approx([2.0, 5.0])


@pytest.mark.parametrize("kept", [(6, 8, 12), (3, 8, 12), (6, 2, 12), (5, 4, 3), (2, 2, 2)])
def test_counts_by_widths_are_the_counts_of_the_network_cut_to_them(kept):
    network = small_lenet()
    summary = summarize(network)
    model = SizeModel.of(summary)
    keep = {group.name: torch.arange(group.width) < width for group, width in zip(summary.groups, kept, strict=True)}
    counts = model.counts(dict(zip((group.name for group in summary.groups), kept, strict=True)))
    thinner = summarize(remove(network, keep))
    assert (counts.macs, counts.parameters) == (thinner.macs, thinner.parameters)
    assert model.layer_widths({name: int(mask.sum()) for name, mask in keep.items()}) == tuple(
        layer.width for layer in thinner.layers
    )


def test_taylor_scores_can_be_weighed_against_operations():
    """FLOPs regularization: where operations are all that counts, the channel that saves most goes first."""
    network = small_lenet()
    model = SizeModel.of(summarize(network))
    changes = CostModel(Operations(model)).changes(widths(*model.dense_widths.values()))
    cheapest = list(model.dense_widths)[int(changes.argmin())]
    firsts = {}
    for kind in ({"kind": "none"}, {"kind": "fixed", "beta": 1e6}):
        prune = {"criterion": {"kind": "taylor"}, "cost": kind, "schedule": {"kind": "greedy", "training_steps": 1}}
        chosen = recipe(target={"kind": "macs", "density": 0.95}, prune=prune | {"points": 1}, retrain={"epochs": 0})
        (label, *_), *_ = (record.removed for record in collect_run(network, blobs(), chosen).records)
        firsts[kind["kind"]] = label.partition(":")[0]
    assert firsts["fixed"] == cheapest != firsts["none"]

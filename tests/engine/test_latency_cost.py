"""Costs that count time: what a channel's going saves of the layers' measured times."""

from dataclasses import replace

import pytest
import torch

from backend.domain.costs import ParameterFreeCost
from backend.domain.latencies import Latency
from backend.domain.regularizers import L0HardConcreteRegularizer
from backend.domain.thinning import SizeModel
from tests.engine.constructs import BY_NAME
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, zoo_network
from tests.engine.test_costs import THREE_LAYERS, widths
from worker.engine.catalogue import COSTS
from worker.engine.costs.amounts import Duration, Operations
from worker.engine.costs.cost import CostModel
from worker.engine.network import Network, summarize
from worker.engine.regularizers.l0 import l0_hard_concrete
from worker.engine.regularizers.sizes import channel_sizes

TIMES = Latency(layers=("conv1=4", "conv2=6", "fc=1"))
LENET_TIMES = ("conv1=0.5", "conv2=0.1", "fc1=20", "fc2=0.01")
"""As if the fully connected layer, which takes few operations, were slow."""
AT_ONCE = {"schedule": {"kind": "greedy", "training_steps": 1}, "points": 1}


def told(times: dict[str, float], behind: dict[str, float] | None = None) -> Latency:
    layers, followers = (tuple(f"{name}={value!r}" for name, value in of.items()) for of in (times, behind or {}))
    return Latency(layers=layers, behind=followers)


def widths_of(model: SizeModel, kept: dict[str, int]) -> dict[str, int]:
    return {size.name: size.width(kept) for size in model.layers}


def test_a_channel_saves_of_every_layer_the_share_of_operations_that_goes():
    model = SizeModel.of(THREE_LAYERS)
    changes = CostModel(Duration(model, TIMES)).changes
    # one of conv1's 3 maps: a third of conv1's 4 ms and of conv2's 6 ms; one of conv2's 5: a fifth of 6 ms and of 1 ms
    assert (changes(widths(3, 5)) * 11).tolist() == pytest.approx([-10 / 3, -7 / 5])
    # with 2 maps in conv1, conv2 takes 4 ms, so one of its own maps saves 4 / 5 ms there
    assert (changes(widths(2, 5)) * 11).tolist() == pytest.approx([-10 / 3, -1.0])
    # two channels at once, for each of them
    assert (changes(widths(3, 5), widths(2, 1)) * 11).tolist() == pytest.approx([-10 / 3, -7 / 5])


def test_a_channel_saves_its_share_of_what_runs_behind_its_layer():
    model = SizeModel.of(THREE_LAYERS)
    behind = TIMES.model_copy(update={"behind": ("conv1=3", "fc=2")})
    duration = Duration(model, behind)
    assert float(duration.at(widths(3, 5))) == pytest.approx(16.0)
    changes = CostModel(duration).changes
    # a third of the 3 ms behind conv1 too; no output of fc goes, nor anything behind it
    assert (changes(widths(3, 5)) * 16).tolist() == pytest.approx([-10 / 3 - 1, -7 / 5])
    # with 2 maps in conv1 each is a third of them still: the share is of the dense width
    assert (changes(widths(2, 5)) * 16).tolist() == pytest.approx([-10 / 3 - 1, -1.0])


@pytest.mark.parametrize("name", ["lenet", "resnet20", "encoder", "tied_weights"])
def test_times_follow_the_operations_that_each_layer_loses(name):
    """Against the counts in whole numbers, layer by layer, at random widths."""
    zoo = {"lenet": small_lenet, "resnet20": lambda: zoo_network("resnet20", (1, 16, 16), 4, 0)}
    summary = summarize(zoo[name]() if name in zoo else BY_NAME[name].network(torch.float32))
    model = SizeModel.of(summary)
    generator = torch.Generator().manual_seed(0)
    times, behind = (
        {layer.name: 0.1 + float(torch.rand((), generator=generator)) for layer in summary.layers} for _ in range(2)
    )
    dense = {size.name: size.width(model.dense_widths) for size in model.layers}
    macs = {layer.name: layer.macs for layer in summary.layers}
    duration = Duration(model, told(times, behind))
    total = sum(times.values()) + sum(behind.values())
    assert float(duration.at(duration.dense_widths)) == pytest.approx(total)
    for _ in range(5):
        kept = {
            group: int(torch.randint(1, width + 1, (), generator=generator))
            for group, width in model.dense_widths.items()
        }
        lost = model.lost_macs(kept)
        expected = sum(time * (1 - lost.get(layer, 0) / (macs[layer] or 1)) for layer, time in times.items())
        expected += sum(behind[name] * left / dense[name] for name, left in widths_of(model, kept).items())
        assert float(duration.at(widths(*kept.values()))) == pytest.approx(expected, rel=1e-9)
    stacked = torch.stack([duration.dense_widths, duration.dense_widths - 1])
    assert torch.allclose(duration.at(stacked), torch.stack([duration.at(row) for row in stacked]))


def test_where_time_is_operations_groups_stand_in_the_same_order():
    summary = summarize(small_lenet())
    model = SizeModel.of(summary)
    times = told({layer.name: layer.macs / 1000 for layer in summary.layers})
    for kept in ((6, 8, 12), (3, 8, 5), (6, 2, 12)):
        by_time = CostModel(Duration(model, times)).changes(widths(*kept))
        assert torch.equal(by_time.argsort(), CostModel(Operations(model)).changes(widths(*kept)).argsort())
        for place, name in enumerate(model.dense_widths):
            here = dict(zip(model.dense_widths, kept, strict=True))
            saved = model.counts(here).macs - model.counts({**here, name: here[name] - 1}).macs
            assert -float(by_time[place]) * model.dense.macs == pytest.approx(saved)


def test_what_saves_nothing_goes_last():
    objective = COSTS.make(ParameterFreeCost()).objective(widths(0.5, 0.0, 0.2), widths(-0.1, 0.0, 0.0))
    assert objective.tolist() == [5.0, float("inf"), float("inf")]


def test_the_slowest_layer_gives_first_where_time_is_all_that_counts():
    firsts = {}
    for counted, latency in (("operations", None), ("latency", {"layers": LENET_TIMES})):
        cost = {"kind": "fixed", "beta": 1e6, "counted": counted}
        chosen = recipe(
            target={"kind": "macs", "density": 0.95},
            prune={"criterion": {"kind": "taylor"}, "cost": cost} | AT_ONCE,
            latency=latency,
            retrain={"epochs": 0},
        )
        (label, *_), *_ = (record.removed for record in collect_run(small_lenet(), blobs(), chosen).records)
        firsts[counted] = label.partition(":")[0]
    # fc1's own channels save a twelfth of 20 ms each, conv2's an eighth
    assert firsts == {"operations": "conv1", "latency": "conv2"}


def test_gates_pay_for_time_on_the_scale_of_parameters():
    model = SizeModel.of(THREE_LAYERS)
    latency = Latency(layers=("conv1=4", "conv2=6", "fc=1"))
    by_time, by_parameters = (channel_sizes(model, counted, latency) for counted in ("latency", "parameters"))
    assert by_time["conv1"] / by_time["conv2"] == pytest.approx((10 / 3) / (7 / 5))
    total = [3 * sizes["conv1"] + 5 * sizes["conv2"] for sizes in (by_time, by_parameters)]
    assert total[0] == pytest.approx(total[1])


def open_probabilities(network: Network, counted: str) -> dict[str, float]:
    """By group, of L0 gates that only their penalty moves."""
    trainee = dense(network)
    spec = L0HardConcreteRegularizer(strength=1.0, weight_decay=0.0, counted=counted)
    latency = Latency(layers=("conv1=0.1", "conv2=0.1", "fc1=0.1", "fc2=20"))
    regularizer = l0_hard_concrete(spec)(replace(ground_of(trainee), latency=latency))
    parameter = regularizer.parameters["log_alpha"]
    for _ in range(50):
        parameter.grad = None
        regularizer.penalty()
        regularizer.add_gradients()
        parameter.data -= 0.05 * parameter.grad
    return {name: float(scores.mean()) for name, scores in regularizer.finish().items()}


def test_gates_that_pay_for_time_close_first_what_is_slow_though_it_has_few_parameters():
    by_parameters, by_time = (open_probabilities(small_lenet(), counted) for counted in ("parameters", "latency"))
    # a unit of fc1 stands for few parameters, and alone for the time of fc2
    assert min(by_time, key=by_time.__getitem__) == max(by_parameters, key=by_parameters.__getitem__) == "fc1"

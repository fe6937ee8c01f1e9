"""Parts of methods put together: each still does what its paper says, in whole runs."""

from itertools import accumulate
from math import ceil
from typing import Any

import pytest
import torch
from torch import Tensor

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from tests.engine.runs import Collected, blobs, collect_run, recipe, small_lenet, small_mlp
from tests.engine.test_rewinding import STILL, WIDTHS, initial, sliced, survivors

LAYERS = ("conv1", "conv2", "fc1")
WIDE = (12, 16, 24)
UNSTRUCTURED = {"granularity": {"kind": "unstructured"}, "dead_channels": "keep"}
REMOVALS = 4


def cubic(criterion: str, sparsity: float, **prune: Any) -> Recipe:
    schedule = {"kind": "cubic", "training_steps": 1, "removals": REMOVALS}
    return recipe(
        target={"kind": "sparsity", "sparsity": sparsity},
        prune={"criterion": {"kind": criterion}, "schedule": schedule, "points": 1} | prune,
        retrain={"epochs": 0},
    )


def gone_by_equation(sparsity: float, count: int) -> list[int]:
    """Of `count`, after every removal (Zhu and Gupta 2017, eq. 1): `sparsity * (1 - (1 - t/n)^3)`, rounded up."""
    return [ceil(count * sparsity * (1 - (1 - turn / REMOVALS) ** 3) - 1e-9) for turn in range(1, REMOVALS + 1)]


def test_channels_that_fisher_chooses_go_by_the_cubic_counts() -> None:
    result = collect_run(small_lenet(widths=WIDE), blobs(), cubic("fisher", 0.6))
    counts = [len(record.removed) for record in result.records if record.removed]
    assert list(accumulate(counts)) == gone_by_equation(0.6, sum(WIDE)) == [19, 28, 31, 32]


def test_single_weights_that_obd_chooses_go_by_the_cubic_counts() -> None:
    result = collect_run(small_mlp(), blobs(), cubic("obd", 0.9, **UNSTRUCTURED))
    masks = [point.part("weight_masks") for point in result.checkpoints if point.state["phase"] == Phase.PRUNE]
    zeros = [sum(int((~kept.bool()).sum()) for kept in mask.values()) for mask in masks if mask]
    total = sum(tensor.numel() for tensor in small_mlp().tensors.values() if tensor.dim() > 1)
    assert list(dict.fromkeys(zeros)) == gone_by_equation(0.9, total)


def lasso_then_rewind(**prune: Any) -> Collected:
    """The lasso trains well away from the early weights; what is left goes back to them and stays there."""
    fast = {"kind": "sgd", "learning_rate": 0.05}
    lasso = {"kind": "group_lasso", "strength": 0.1}
    at_once = {"schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1, "optimizer": STILL}
    start = {"kind": "rewind", "to": "initialization"}
    chosen = recipe(
        dense={"epochs": 2, "steps_per_record": 4, "optimizer": fast},
        sparsify={"epochs": 3, "steps_per_record": 3, "optimizer": fast, "regularizer": lasso},
        target={"kind": "sparsity", "sparsity": 0.4},
        prune={"criterion": {"kind": "magnitude"}} | at_once | prune,
        retrain={"epochs": 1, "optimizer": STILL, "learning_rate_decay": "none", "start": start},
    )
    return collect_run(small_mlp(), blobs(), chosen)


def after_lasso(result: Collected) -> dict[str, Tensor]:
    *_, last = (point.part("weights") for point in result.checkpoints if point.state["phase"] == Phase.SPARSIFY)
    return last


def test_channels_that_the_lasso_leaves_go_back_to_their_own_early_weights() -> None:
    result = lasso_then_rewind()
    found, left = after_lasso(result), survivors(result, 1)
    norms = {name: found[f"{name}.weight"].norm(dim=1) for name in left}
    smallest = torch.cat(list(norms.values())).sort().values
    assert smallest[0] == 0 < smallest[sum(WIDTHS) - 1]
    cut = smallest[sum(WIDTHS) - sum(map(len, left.values()))]
    assert left == {name: (values >= cut).nonzero().flatten().tolist() for name, values in norms.items()}
    tensors, expected = result.points[1].network.tensors, sliced(initial(), left)
    assert set(tensors) == set(expected)
    assert all(torch.allclose(tensors[name], tensor, atol=1e-9) for name, tensor in expected.items())
    assert not any(torch.allclose(tensors[name], tensor) for name, tensor in sliced(found, left).items())


def test_single_weights_that_the_lasso_leaves_go_back_to_their_own_early_values_and_the_others_are_zero() -> None:
    result = lasso_then_rewind(**UNSTRUCTURED)
    found, early, tensors = after_lasso(result), initial(), result.points[1].network.tensors
    weights = [name for name, tensor in early.items() if tensor.dim() > 1]
    magnitudes = torch.cat([found[name].abs().flatten() for name in weights])
    left = torch.cat([tensors[name].flatten() != 0 for name in weights])
    assert int((~left).sum()) == ceil(0.4 * len(left))
    assert magnitudes[~left].max() <= magnitudes[left].min()
    for name, tensor in tensors.items():
        is_left = tensor != 0
        assert torch.allclose(tensor[is_left], early[name][is_left], atol=1e-9)
    assert not torch.allclose(magnitudes[left], torch.cat([early[name].abs().flatten() for name in weights])[left])


def gated_by_time(slow: str | None, strength: float) -> Collected:
    """L0 gates that pay for the time of layers which are all alike, or of which one is slow."""
    times = [f"{layer}={20.0 if layer == slow else 1.0}" for layer in (*LAYERS, "fc2")]
    gates = {"kind": "l0_hard_concrete", "counted": "latency", "strength": strength, "gate_speed": 100.0}
    chosen = recipe(
        target={"kind": "sparsity", "sparsity": 0.3},
        sparsify={"epochs": 6, "optimizer": {"kind": "sgd", "learning_rate": 0.01}, "regularizer": gates},
        prune={"criterion": {"kind": "learned"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1},
        latency={"layers": times},
        retrain={"epochs": 0},
    )
    return collect_run(small_lenet(widths=WIDE), blobs(), chosen)


def closed(result: Collected) -> dict[str, int]:
    """Gates that are closed at the end, by layer."""
    *_, gates = (record.gates for record in result.records if record.gates is not None)
    return {
        layer: round(width * (1 - share)) for layer, width, share in zip(LAYERS, WIDE, gates.open_share, strict=False)
    }


@pytest.mark.parametrize(("slow", "strength"), [("conv1", 0.04), ("fc1", 0.1)])
def test_gates_that_pay_for_time_close_more_of_a_slow_layer(slow: str, strength: float) -> None:
    alike, unlike = closed(gated_by_time(None, strength)), closed(gated_by_time(slow, strength))
    assert unlike[slow] >= alike[slow] + WIDE[LAYERS.index(slow)] // 2
    assert sum(unlike.values()) < sum(WIDE)

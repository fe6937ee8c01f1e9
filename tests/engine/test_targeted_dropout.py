"""Targeted dropout: who may be dropped, how often, and how that rises."""

import pytest
import torch
from torch import nn

from backend.domain.regularizers import TargetedDropoutRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import small_lenet, small_mlp
from worker.engine.regularizers.targeted_dropout import TargetedDropout
from worker.engine.regularizers.targeted_weight_dropout import TargetedWeightDropout, _candidates
from worker.engine.trainee import Trainee

STEPS = 600


def dropout(trainee: Trainee, steps: int = 10, **settings: object) -> TargetedDropout:
    return TargetedDropout(TargetedDropoutRegularizer.model_validate(settings), ground_of(trainee, steps=steps))


def dropped(trainee: Trainee, regularizer: TargetedDropout) -> torch.Tensor:
    """Which of the first layer's units this draw drops, bool (10,)."""
    reader = next(item.tensor for item in trainee.groups[0].members if not item.makes and item.axis == 1)
    return (regularizer.weights()[reader] == 0).all(0)


def test_the_smallest_of_each_group_are_dropped_as_often_as_said_and_no_others():
    trainee = dense(small_mlp())
    regularizer = dropout(trainee, targeted=0.45, drop_rate=0.3, course="constant")
    maker = next(item.tensor for item in trainee.groups[0].members if item.makes)
    norms = trainee.tensors[maker].norm(dim=1)
    share = torch.stack([dropped(trainee, regularizer) for _ in range(STEPS)]).double().mean(0)
    candidates = norms.argsort()[:4]  # 0.45 of 10, rounded down
    assert set(share.nonzero().flatten().tolist()) == set(candidates.tolist())
    assert bool(((share[candidates] - 0.3).abs() < 4 * (0.3 * 0.7 / STEPS) ** 0.5).all())


@pytest.mark.parametrize(
    ("done", "candidates", "drop_rate"), [(0, 0, 0.0), (25, 3, 0.2), (50, 7, 0.4), (75, 7, 0.6), (100, 8, 0.8)]
)
def test_the_share_rises_fast_at_first_and_the_probability_all_along(done, candidates, drop_rate):
    """0.8 of 10 channels: 0.95 of that after half of 100 steps."""
    trainee = dense(small_mlp())
    regularizer = dropout(trainee, steps=100, targeted=0.8, drop_rate=0.8)
    regularizer.restore({"done": torch.tensor(done)})
    draws = torch.stack([dropped(trainee, regularizer) for _ in range(200)]).double().mean(0)
    assert int((draws > 0).sum()) == candidates
    if candidates:
        assert float(draws[draws > 0].mean()) == pytest.approx(drop_rate, abs=0.08)


def test_candidates_have_the_smallest_scores_at_the_end_and_weights_stay():
    trainee = dense(small_mlp())
    before = {name: tensor.clone() for name, tensor in trainee.tensors.items()}
    regularizer = dropout(trainee, targeted=0.5, drop_rate=1.0, course="constant")
    gone = dropped(trainee, regularizer)
    scores = regularizer.finish()[trainee.groups[0].name]
    assert float(scores[gone].max()) < float(scores[~gone].min())
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainee.tensors.items())


def weight_dropout(trainee: Trainee, pins: tuple[str, ...] = (), **settings: object) -> TargetedWeightDropout:
    spec = TargetedDropoutRegularizer.model_validate({"dropped": "weights", "course": "constant"} | settings)
    return TargetedWeightDropout(spec, ground_of(trainee, steps=100, pins=pins))


def test_the_smallest_weights_of_every_filter_are_dropped_as_often_as_said_and_end_as_zeros():
    """Of the 150 weights of each filter of conv2 the 45 smallest, sorted by hand."""
    trainee = dense(small_lenet())
    regularizer = weight_dropout(trainee, targeted=0.305, drop_rate=0.4)
    weight = trainee.tensors["conv2.weight"].clone()
    places = weight.flatten(1).abs().argsort(1)[:, : int(0.305 * weight[0].numel())]
    expected = torch.zeros_like(weight.flatten(1), dtype=torch.bool).scatter(1, places, value=True)
    share = (
        torch.stack([(regularizer.weights()["conv2.weight"] == 0).flatten(1) for _ in range(STEPS)]).double().mean(0)
    )
    assert torch.equal(share > 0, expected)
    assert float((share[expected] - 0.4).abs().max()) < 5 * (0.4 * 0.6 / STEPS) ** 0.5
    assert regularizer.finish() == {}
    torch.testing.assert_close(
        trainee.tensors["conv2.weight"].flatten(1), weight.flatten(1).masked_fill(expected, 0), rtol=0, atol=0
    )


def test_weights_of_pinned_layers_are_left_alone():
    trainee = dense(small_lenet())
    before = trainee.tensors["fc1.weight"].clone()
    regularizer = weight_dropout(trainee, pins=("fc1",), targeted=0.9, drop_rate=1.0)
    assert "fc1.weight" not in regularizer.weights()
    regularizer.finish()
    assert torch.equal(trainee.tensors["fc1.weight"], before)


def test_nothing_is_dropped_at_the_first_step_of_a_ramp():
    trainee = dense(small_lenet())
    regularizer = weight_dropout(trainee, course="ramped", targeted=0.9, drop_rate=1.0)
    assert all(torch.equal(weight, trainee.tensors[name]) for name, weight in regularizer.weights().items())


@pytest.mark.parametrize(("layer", "axis"), [(nn.ConvTranspose2d(3, 4, 2), 1), (nn.Conv2d(3, 4, 2), 0)])
def test_outputs_are_where_the_layer_makes_them(layer, axis):
    """Each output's own smallest weights: with one output a thousand times as large, a share of all would spare it."""
    layer.weight.data.select(axis, 0).mul_(1000)
    found = _candidates(layer.weight, axis, 0.5).movedim(axis, 0).flatten(1).sum(1)
    assert found.tolist() == [6, 6, 6, 6]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("axis", [0, 1])
def test_candidates_are_those_of_the_sorted_sizes_however_fine_the_numbers_are(dtype: torch.dtype, axis: int):
    """Among numbers of few digits many are equal, and all of those at the bound count."""
    weight = torch.randn(7, 60, generator=torch.Generator().manual_seed(0)).to(dtype)
    bounds = weight.abs().sort(1 - axis).values.select(1 - axis, 20 - 1 if axis == 0 else 2 - 1).unsqueeze(1 - axis)
    found = _candidates(weight, axis, 1 / 3)
    assert torch.equal(found, weight.abs() <= bounds)
    assert 0 < int(found.sum()) < weight.numel() / 2

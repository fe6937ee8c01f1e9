"""Histograms of the scores that a removal chose among, against counting one score after another."""

import math

import pytest
import torch
from torch import Tensor

from backend.domain.scores import BINS, LayerScores, ScoreDistribution
from tests.engine.runs import CPU, Collected, blobs, collect_run, recipe, small_lenet
from worker.engine.granularities import make_removal
from worker.engine.network import summarize
from worker.engine.rankings import Ranking, distribution
from worker.engine.trainee import Trainee


def ranking(name: str, scores: Tensor, gone: int) -> Ranking:
    return Ranking(name, scores.sort().values, gone)


def drawn(scores: ScoreDistribution, values: Tensor, gone: int) -> tuple[list[int], list[int]]:
    """Kept and removed by bin, counted one by one."""
    kept, removed = [0] * BINS, [0] * BINS
    for place, value in enumerate(sorted(values.tolist())):
        if value == 0:
            continue
        box = sum(value >= edge for edge in scores.edges[1:-1])
        (removed if place < gone else kept)[box] += 1
    return kept, removed


def of(scores: ScoreDistribution | None) -> tuple[ScoreDistribution, tuple[LayerScores, ...]]:
    assert scores is not None
    return scores, scores.layers


CASES = {
    "wide": lambda generator: torch.randn(500, generator=generator, dtype=torch.float64).exp() ** 3,
    "narrow": lambda generator: 5 + torch.rand(300, generator=generator, dtype=torch.float64),
    "single precision": lambda generator: torch.randn(400, generator=generator).abs(),
    "zeros": lambda generator: torch.randn(400, generator=generator).abs() * (torch.arange(400) % 3 == 0),
    "both signs": lambda generator: torch.randn(200, generator=generator, dtype=torch.float64),
    "one value": lambda generator: torch.full((7,), 0.25),
    "all zero": lambda generator: torch.zeros(9),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_every_score_is_counted_once_in_its_bin(name, share):
    generator = torch.Generator().manual_seed(3)
    layers = [CASES[name](generator), CASES[name](generator)[:5]]
    gone = [int(share * len(values)) for values in layers]
    found, parts = of(
        distribution([ranking(str(place), *both) for place, both in enumerate(zip(layers, gone, strict=True))], 2)
    )
    assert (found.point, [part.name for part in parts]) == (2, ["0", "1"])
    assert found.low < found.high == found.edges[-1]
    for part, values, lost in zip(parts, layers, gone, strict=True):
        assert (list(part.kept), list(part.removed)) == drawn(found, values, lost)
        zeros = int((values == 0).sum())
        assert part.zeros_kept + part.zeros_removed == zeros
        assert sum(part.removed) + part.zeros_removed == lost
        assert sum(part.kept) + sum(part.removed) + zeros == len(values)
        assert part.threshold == (values.sort().values[lost - 1].item() if lost else None)


def test_wide_scores_are_told_on_a_logarithmic_scale_that_shows_the_bulk_of_every_layer():
    generator = torch.Generator().manual_seed(0)
    small, great = (factor * CASES["wide"](generator) for factor in (1e-2, 1.0))
    found, (low, high) = of(distribution([ranking("a", small, 0), ranking("b", great, 0)], 1))
    assert found.scale == "log"
    ratios = [after / before for before, after in zip(found.edges, found.edges[1:], strict=False)]
    assert ratios == pytest.approx([(found.high / found.low) ** (1 / BINS)] * BINS)
    for part in (low, high):
        assert sum(count > 0 for count in part.kept) > BINS / 4
        assert part.kept[0] < 0.05 * sum(part.kept)


def test_narrow_scores_are_told_on_a_linear_scale():
    found, _ = of(distribution([ranking("a", CASES["narrow"](torch.Generator().manual_seed(1)), 0)], 1))
    assert (found.scale, round(found.low, 1), round(found.high, 1)) == ("linear", 5.0, 6.0)


def scores_of(result: Collected) -> list[ScoreDistribution]:
    return [finished.scores for finished in result.points if finished.scores is not None]


def test_a_removal_ranks_the_channels_that_are_left_and_says_how_many_of_each_layer_went():
    network = small_lenet()
    chosen = recipe(prune={"criterion": {"kind": "magnitude"}, "schedule": {"kind": "one_shot"}, "pins": ["fc1"]})
    trainee = Trainee(network, CPU)
    removal = make_removal(network, trainee, summarize(network), chosen, torch.Generator())
    assert removal.take_rankings() == ()
    for level in (0.8, 0.5):
        before = trainee.masks.widths
        weights = {name: trainee.tensors[f"{name}.weight"].double() for name in ("conv1", "conv2")}
        left = {name: kernels.flatten(1).norm(dim=1)[trainee.masks.on[name]] for name, kernels in weights.items()}
        removal.start_reading()
        removal.remove(level, None)
        ranked = {one.name: one for one in removal.take_rankings()}
        assert ranked.keys() == left.keys()  # a pinned layer gives nothing
        assert removal.take_rankings() == ()
        for name, one in ranked.items():
            torch.testing.assert_close(one.scores, left[name].sort().values)
            assert one.gone == before[name] - trainee.masks.widths[name]
    assert trainee.masks.widths["conv2"] < 8


def test_later_points_count_only_what_was_left_and_greedy_ones_tell_their_last_removal():
    prune = {"criterion": {"kind": "fisher"}, "schedule": {"kind": "greedy", "training_steps": 1}, "points": 2}
    result = collect_run(small_lenet(), blobs(), recipe(prune=prune))
    first, second = scores_of(result)
    widths = {finished.point.index: finished.point.widths for finished in result.points}
    for found in (first, second):
        assert sum(sum(part.removed) for part in found.layers) == 1
        assert [sum(part.kept) for part in found.layers] == list(widths[found.point][:3])


def test_single_weights_are_counted_to_the_last_one():
    prune = {
        "criterion": {"kind": "magnitude"},
        "granularity": {"kind": "unstructured"},
        "schedule": {"kind": "cubic", "training_steps": 1, "removals": 2},
        "points": 2,
    }
    network = small_lenet()
    result = collect_run(network, blobs(), recipe(target={"kind": "sparsity", "sparsity": 0.9}, prune=prune))
    first, second = scores_of(result)
    removals = [record for record in result.records if record.phase == "prune"]
    for found, before, after in zip((first, second), removals[0::2], removals[1::2], strict=True):
        assert before.zeros is not None
        assert after.zeros is not None
        for part, whole, left in zip(found.layers, before.zeros.left, after.zeros.left, strict=True):
            assert sum(part.kept) + part.zeros_kept == left
            assert sum(part.removed) + part.zeros_removed == whole - left
            assert part.threshold is None or math.isfinite(part.threshold)

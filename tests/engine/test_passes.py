"""A regularizer before every operating point: network slimming in several passes."""

from itertools import groupby

import pytest
import torch

from backend.domain.recipe import Recipe
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, weights_hash
from tests.engine.test_presets import uploaded
from worker.engine.checkpoint import Checkpoint
from worker.engine.coupling import find_groups
from worker.engine.network import summarize
from worker.engine.regularizers.batch_norm_l1 import BatchNormL1
from worker.engine.surgery import put_back, remove_from_tensors
from worker.engine.trainee import Trainee

SLIMMING = ({"kind": "batch_norm_l1", "strength": 0.1, "step": "proximal"}, "batch_norm_scale")
GATES = ({"kind": "l0_hard_concrete", "strength": 5.0, "gate_speed": 20.0}, "learned")
NOISE = ({"kind": "bayesian_compression", "noise_speed": 20.0}, "learned")


def in_passes(regularizer: dict[str, object], criterion: str, **changes: object) -> Recipe:
    pins = [layer for group in summarize(uploaded()).groups if not group.batch_norms for layer in group.layers]
    return recipe(
        target={"kind": "macs", "density": 0.7},
        sparsify={"epochs": 1, "steps_per_record": 2, "regularizer": regularizer, "passes": "each_point"},
        prune={
            "criterion": {"kind": criterion},
            "schedule": {"kind": "one_shot", "training_steps": 1},
            "points": 2,
            "pins": pins,
        },
    )


@pytest.mark.parametrize(("regularizer", "criterion"), [SLIMMING, GATES, NOISE])
def test_every_pass_trains_with_the_regularizer_removes_and_trains_again(regularizer, criterion):
    whole = collect_run(uploaded(), blobs(64, 12), in_passes(regularizer, criterion))
    phases = [phase for phase, _ in groupby(record.phase.value for record in whole.records)]
    assert phases == ["sparsify", "prune", "retrain"] * 2
    assert [finished.point.index for finished in whole.points] == [0, 1, 2]
    progress = [record.progress for record in whole.records]
    assert progress == sorted(progress)
    assert progress[-1] == pytest.approx(1.0)
    for checkpoint in whole.checkpoints[2 :: len(whole.checkpoints) // 2]:
        again = collect_run(
            uploaded(),
            blobs(64, 12),
            in_passes(regularizer, criterion),
            Checkpoint.from_bytes(checkpoint.to_bytes()),
        )
        ends = [(finished.point, weights_hash(finished.network)) for finished in again.points]
        assert ends == [(finished.point, weights_hash(finished.network)) for finished in whole.points][-len(ends) :]


def test_the_second_pass_shrinks_the_scales_of_the_thinner_network(monkeypatch):
    widths: list[int] = []
    make = BatchNormL1.__init__

    def watched(self, spec, ground):
        widths.append(sum(group.width for group in ground.groups))
        make(self, spec, ground)

    monkeypatch.setattr(BatchNormL1, "__init__", watched)
    collect_run(uploaded(), blobs(64, 12), in_passes(*SLIMMING))
    first, second = widths
    assert second < first


def test_what_was_cut_out_of_tensors_is_put_back_in_its_place():
    network = small_lenet()
    groups = find_groups(network)
    keep = {group.name: torch.arange(group.width) % 3 != 1 for group in groups}
    thin = remove_from_tensors(network.tensors, groups, keep)
    whole = put_back(thin, network.tensors, groups, keep)
    again = remove_from_tensors(whole, groups, keep)
    for name, tensor in network.tensors.items():
        assert whole[name].shape == tensor.shape
        assert torch.equal(again[name], thin[name])
        assert int((whole[name] != 0).sum()) == int((thin[name] != 0).sum())


def test_scores_that_were_learned_of_a_thin_network_belong_to_the_dense_channels():
    trainee = Trainee(small_lenet(), CPU)
    trainee.turn_off([("conv1", 0), ("conv1", 2)])
    trainee.compact()
    trainee.recollection.learn({"conv1": torch.arange(1.0, 5.0)}, trainee.masks)
    trainee.turn_off([("conv1", 1)])
    trainee.compact()
    found = trainee.recollection.learned(trainee.masks)
    assert found["conv1"].tolist() == [1.0, 3.0, 4.0]
    assert found["conv2"].tolist() == [1.0] * 8

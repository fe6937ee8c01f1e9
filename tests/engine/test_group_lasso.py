"""Group lasso: the proximal step, and the zeros that it leaves."""

import torch

from backend.domain.regularizers import GroupLassoRegularizer
from tests.engine.grounds import ground_of
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet
from worker.engine.catalogue import REGULARIZERS
from worker.engine.regularizers.lines import read_lines
from worker.engine.regularizers.regularizer import Regularizer
from worker.engine.trainee import Trainee
from worker.zoo.fresh import initialize


def regularized(trainee: Trainee, strength: float) -> Regularizer:
    return REGULARIZERS.make(GroupLassoRegularizer(strength=strength))(ground_of(trainee))


def objective(point: torch.Tensor, start: torch.Tensor, threshold: float) -> float:
    return float(0.5 * (point - start).square().sum() + threshold * point.norm())


def test_the_proximal_step_minimizes_its_objective():
    """Of a coupled group too: no nearby point of any channel is better than the one the step goes to."""
    trainee = Trainee(initialize("resnet20", (1, 16, 16), 4, 0), CPU)
    group = max(trainee.groups, key=lambda item: len(item.layers))
    before = torch.cat(read_lines(group, trainee.tensors), 1).double()
    rate, strength = 0.1, 0.3
    regularized(trainee, strength).finish_step(rate)
    after = torch.cat(read_lines(group, trainee.tensors), 1).double()
    threshold = rate * strength * before.size(1) ** 0.5
    assert 0 < int((after.norm(dim=1) == 0).sum()) < group.width or not torch.equal(before, after)
    generator = torch.Generator().manual_seed(0)
    for start, end in zip(before, after, strict=True):
        best = objective(end, start, threshold)
        for _ in range(20):
            step = 1e-3 * torch.randn(len(end), generator=generator, dtype=torch.float64)
            assert objective(end + step, start, threshold) >= best - 1e-9


def test_channels_whose_norm_is_below_the_threshold_become_exactly_zero():
    trainee = Trainee(small_lenet(), CPU)
    group = trainee.groups[0]
    norms = torch.cat(read_lines(group, trainee.tensors), 1).norm(dim=1)
    size = torch.cat(read_lines(group, trainee.tensors), 1).size(1)
    middle = float(norms.sort().values[2:4].mean())
    regularized(trainee, middle / size**0.5).finish_step(1.0)
    left = torch.cat(read_lines(group, trainee.tensors), 1).norm(dim=1)
    assert torch.equal(left == 0, norms < middle)


def test_a_run_sparsifies_before_it_removes_and_says_so():
    chosen = recipe(
        sparsify={"epochs": 3, "steps_per_record": 5, "regularizer": {"kind": "group_lasso", "strength": 2.0}},
        prune={"criterion": {"kind": "magnitude"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1},
    )
    result = collect_run(small_lenet(), blobs(), chosen)
    phases = [record.phase.value for record in result.records]
    assert phases == sorted(phases, key=["sparsify", "prune", "retrain"].index)
    assert set(phases) == {"sparsify", "prune", "retrain"}
    assert all(record.sparsity == 0 for record in result.records if record.phase.value == "sparsify")
    progress = [record.progress for record in result.records]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0

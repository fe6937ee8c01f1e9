import pytest
import torch

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.events import RunStarted
from backend.domain.reports import Phase
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, small_mlp, weights_hash, zoo_network
from worker.engine.checkpoint import Checkpoint
from worker.engine.examples import Dataset
from worker.engine.network import Network, build, summarize
from worker.engine.results import FinishedPoint
from worker.engine.run import run
from worker.engine.workplace import Workplace

GREEDY = {"kind": "greedy", "training_steps": 2}
FISHER = {"kind": "fisher"}


def prune(**changes: object) -> dict[str, object]:
    return {"criterion": FISHER, "schedule": GREEDY, "points": 2} | changes


def test_a_run_starts_with_its_layout_and_the_dense_network_and_ends_with_the_target():
    outputs = list(run(small_lenet(), blobs(), recipe(), CPU, should_stop=lambda: False))
    assert isinstance(outputs[0], RunStarted)
    assert [layer.name for layer in outputs[0].layout.layers] == ["conv1", "conv2", "fc1", "fc2"]
    assert [layer.is_prunable for layer in outputs[0].layout.layers] == [True, True, True, False]
    points = [output.point for output in outputs if isinstance(output, FinishedPoint)]
    assert [point.index for point in points] == [0, 1, 2]
    assert [point.is_target for point in points] == [False, False, True]
    assert points[0].dense_accuracy == points[0].pruned_accuracy == points[0].retrained_accuracy
    assert points[0].sparsity == 0


def test_every_step_is_followed_by_its_checkpoint_and_steps_have_no_gap():
    outputs = list(run(small_lenet(), blobs(), recipe(), CPU, should_stop=lambda: False))
    kinds = [output for output in outputs if not isinstance(output, (RunStarted, FinishedPoint))]
    records, checkpoints = kinds[0::2], kinds[1::2]
    assert all(isinstance(checkpoint, Checkpoint) for checkpoint in checkpoints)
    assert [step.record.step for step in records] == list(range(1, len(records) + 1))
    assert [checkpoint.step for checkpoint in checkpoints] == [step.record.step for step in records]


@pytest.mark.parametrize(
    ("target", "measure"),
    [
        ({"kind": "sparsity", "sparsity": 0.4}, lambda point, dense: 1 - point.sparsity),
        ({"kind": "macs", "density": 0.3}, lambda point, dense: point.macs / dense.macs),
        ({"kind": "parameters", "density": 0.25}, lambda point, dense: point.parameters / dense.parameters),
    ],
)
@pytest.mark.parametrize("schedule", [GREEDY, {"kind": "one_shot", "training_steps": 2}])
def test_the_network_of_every_point_is_physically_as_thin_as_its_level_asks(target, measure, schedule):
    chosen = recipe(target=target, prune=prune(schedule=schedule, criterion={"kind": "magnitude"}))
    points = collect_run(small_lenet(), blobs(), chosen).points
    dense = points[0].point
    for finished in points:
        level = chosen.target.density ** (finished.point.index / 2)
        assert measure(finished.point, dense) <= level + 1e-9
        summary = summarize(finished.network)
        assert (summary.macs, summary.parameters) == (finished.point.macs, finished.point.parameters)
        assert tuple(layer.width for layer in summary.layers) == finished.point.widths


def test_one_shot_removes_each_levels_channels_in_one_step_and_greedy_in_many():
    one_shot = collect_run(small_lenet(), blobs(), recipe(prune=prune(schedule={"kind": "one_shot"})))
    assert sum(record.phase is Phase.PRUNE for record in one_shot.records) == 2
    greedy = collect_run(small_lenet(), blobs(), recipe())
    assert all(len(record.removed) == 1 for record in greedy.records if record.phase is Phase.PRUNE)
    assert sum(record.phase is Phase.PRUNE for record in greedy.records) > 2


def test_no_channel_goes_twice_and_widths_tell_the_truth_at_every_step():
    result = collect_run(small_lenet(), blobs(), recipe(prune=prune(removal_macs=1.0)))
    gone = [channel for record in result.records for channel in record.removed]
    assert len(gone) == len(set(gone))
    dense = {"conv1": 6, "conv2": 8, "fc1": 12}
    left = dict(dense)
    for record in result.records:
        for channel in record.removed:
            group, _, index = channel.partition(":")
            assert 0 <= int(index) < dense[group]
            left[group] -= 1
        assert record.widths == (*left.values(), 4)


def test_progress_never_falls_and_ends_at_one():
    progress = [record.progress for record in collect_run(small_lenet(), blobs(), recipe()).records]
    assert progress == sorted(progress)
    assert progress[-1] == pytest.approx(1.0)


def test_the_run_returns_silently_between_optimizer_steps_when_asked_to():
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    outputs = list(run(small_lenet(), blobs(), recipe(), CPU, should_stop=should_stop))
    assert sum(isinstance(output, Checkpoint) for output in outputs) == 2  # two steps of two optimizer steps each
    assert asked == 6


def test_the_test_split_is_read_once_for_each_point(monkeypatch):
    read = []
    measure = Workplace.test
    monkeypatch.setattr(Workplace, "test", lambda self, module: read.append(module) or measure(self, module))
    assert len(collect_run(small_lenet(), blobs(), recipe()).points) == len(read) == 3


def test_without_retraining_points_follow_the_removals():
    points = collect_run(small_lenet(), blobs(), recipe(retrain={"epochs": 0})).points
    assert [point.point.index for point in points] == [0, 1, 2]
    assert points[2].point.pruned_accuracy == points[2].point.retrained_accuracy


def test_masking_for_the_whole_run_and_removing_at_once_choose_the_same_channels():
    late = collect_run(small_lenet(), blobs(), recipe(prune=prune(removal_macs=1.0)))
    soon = collect_run(small_lenet(), blobs(), recipe(prune=prune(removal_macs=0.0)))
    assert [record.removed for record in late.records][:6] == [record.removed for record in soon.records][:6]


def test_the_dense_network_itself_is_not_changed():
    network = small_lenet()
    before = weights_hash(network)
    points = collect_run(network, blobs(), recipe()).points
    assert weights_hash(network) == before == weights_hash(points[0].network)


def test_a_finished_network_gives_the_measured_accuracy():
    dataset = blobs()
    finished = collect_run(small_lenet(), dataset, recipe()).points[-1]
    (scaling,), (stored,) = finished.scaling.parts, dataset.test.inputs
    inputs = (stored.float() / scaling.divisor - scaling.mean[0]) / scaling.std[0]
    accuracy = (build(finished.network)(inputs).argmax(1) == dataset.test.labels).float().mean().item()
    assert accuracy == pytest.approx(finished.point.test_accuracy)


def test_a_target_below_the_minimum_widths_is_refused_with_the_nearest_point():
    chosen = recipe(target={"kind": "macs", "density": 0.01}, prune=prune(minimum_width=4))
    with pytest.raises(JobFailure) as failure:
        next(run(small_lenet(), blobs(), chosen, CPU, should_stop=lambda: False))
    assert failure.value.code is FailureCode.TARGET_UNREACHABLE
    assert "target.density = " in failure.value.hint


def test_the_nearest_reachable_point_is_reachable():
    chosen = recipe(target={"kind": "macs", "density": 0.01}, prune=prune(minimum_width=4, points=1))
    with pytest.raises(JobFailure) as failure:
        collect_run(small_lenet(), blobs(), chosen)
    nearest = float(failure.value.hint.split("target.density = ")[1].split(";")[0])
    reached = chosen.model_copy(update={"target": chosen.target.model_copy(update={"density": nearest})})
    assert collect_run(small_lenet(), blobs(), reached).points[-1].point.widths[:3] == (4, 4, 4)


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (blobs(shape=(1, 8, 8)), ["1 x 16 x 16", "1 x 8 x 8"]),
        (blobs(classes=3), ["4 classes", "has 3"]),
        (Dataset(blobs().train, blobs(test_count=0).test, 4, "no test"), ["0 test examples"]),
    ],
)
def test_data_that_does_not_fit_is_refused_before_any_training(dataset, words):
    with pytest.raises(JobFailure) as failure:
        next(run(small_lenet(), dataset, recipe(), CPU, should_stop=lambda: False))
    assert failure.value.code is FailureCode.DATA_MISMATCH
    assert all(word in failure.value.detail for word in words)


def test_a_network_that_diverges_fails_with_advice():
    chosen = recipe(prune=prune(optimizer={"kind": "sgd", "learning_rate": 10.0, "momentum": 0.99}))
    wild = {name: tensor * 1e4 for name, tensor in small_lenet().tensors.items()}
    with pytest.raises(JobFailure) as failure:
        collect_run(Network(small_lenet().graph, wild), blobs(), chosen)
    assert failure.value.code is FailureCode.DIVERGED
    assert "prune.optimizer.learning_rate" in failure.value.hint


def test_running_out_of_memory_is_a_failure_of_the_job(monkeypatch):
    def no_room(*_args: object, **_named: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("worker.engine.trainee.Trainee.learn", no_room)
    with pytest.raises(JobFailure) as failure:
        collect_run(small_mlp(), blobs(), recipe())
    assert failure.value.code is FailureCode.OUT_OF_MEMORY


def test_bfloat16_runs_to_the_target():
    chosen = recipe(compute={"precision": "bfloat16"})
    assert collect_run(small_mlp(), blobs(), chosen).points[-1].point.is_target


def test_a_left_over_example_does_not_break_batch_norm():
    network = zoo_network("vgg_small_bn", (1, 16, 16), 4, 0)
    chosen = recipe(
        target={"kind": "macs", "density": 0.95},
        prune=prune(points=1, schedule={"kind": "one_shot", "training_steps": 3}),
        data={"batch_size": 16, "validation_share": 0.34},
    )
    # 50 - 17 = 33 training examples: two batches of 16 and one left over
    assert collect_run(network, blobs(count=50), chosen).points[-1].point.is_target


def test_each_point_tells_the_accuracy_straight_before_its_removals():
    dense, first, second = (finished.point for finished in collect_run(small_lenet(), blobs(), recipe()).points)
    assert dense.before_accuracy is None
    assert first.before_accuracy == dense.retrained_accuracy
    assert second.before_accuracy == first.retrained_accuracy
    assert second.instability == first.retrained_accuracy - second.pruned_accuracy
    assert 0 <= second.test_calibration_error <= 1
    assert len(second.test_class_accuracies) == 4


def test_points_whose_networks_would_be_the_same_are_one():
    """Multiples of eight leave a small network few widths, and four levels fewer networks."""
    prune = {"criterion": {"kind": "magnitude"}, "width_multiple": 8, "points": 4}
    chosen = recipe(prune=prune | {"schedule": {"kind": "greedy", "training_steps": 1, "channels": 4}})
    network = small_lenet(widths=(16, 16, 16))
    result = collect_run(network, blobs(), chosen)
    points = [item.point for item in result.points]
    assert [point.index for point in points] == sorted({point.index for point in points})
    assert len({point.macs for point in points}) == len(points) < 5
    assert [point.is_target for point in points] == [False] * (len(points) - 1) + [True]
    for point in points:
        assert point.macs <= 0.5 ** (point.index / 4) * points[0].macs
    assert [item.scores.point for item in result.points[1:]] == [point.index for point in points[1:]]
    progress = [record.progress for record in result.records]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    for checkpoint in result.checkpoints[::3]:
        again = collect_run(network, blobs(), chosen, checkpoint)
        assert again.points[-1].point == points[-1]

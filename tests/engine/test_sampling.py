import pytest

from backend.domain.errors import JobFailure
from backend.domain.reports import Phase
from backend.domain.sampling import SampleArchitecture, SampleOrder
from tests.engine.runs import CPU, Collected, blobs, collect, weights_hash
from worker.engine.checkpoint import Checkpoint
from worker.engine.sampling import HABITS, train_sample
from worker.zoo import ARCHITECTURES
from worker.zoo.fresh import initialize

ORDER = SampleOrder(architecture="lenet300", epochs=12, batch_size=16)


def train(order: SampleOrder = ORDER, resume: Checkpoint | None = None, stop_after: int | None = None) -> Collected:
    asked = iter(range(10**6))
    network = initialize(order.architecture, (1, 16, 16), 4, order.seed)
    return collect(
        train_sample(
            network,
            blobs(),
            order,
            CPU,
            should_stop=lambda: stop_after is not None and next(asked) >= stop_after,
            resume=resume,
        )
    )


def test_a_sample_network_learns_and_is_the_only_point():
    result = train()
    (finished,) = result.points
    assert finished.point.index == 0
    assert finished.point.is_target
    assert finished.point.sparsity == 0
    assert finished.point.test_accuracy > 0.9
    assert {record.phase for record in result.records} == {Phase.TRAIN}
    assert result.records[-1].progress == 1


def test_the_same_order_gives_the_same_bits_also_after_a_resume():
    whole = train()
    middle = whole.checkpoints[len(whole.checkpoints) // 2]
    again = train(resume=Checkpoint.from_bytes(middle.to_bytes()))
    assert weights_hash(again.points[0].network) == weights_hash(whole.points[0].network)
    assert whole.records[middle.step :] == again.records
    assert again.points[0].point == whole.points[0].point


def test_another_seed_gives_another_network():
    other = ORDER.model_copy(update={"seed": 1})
    assert weights_hash(train().points[0].network) != weights_hash(train(other).points[0].network)


def test_it_stops_silently_between_optimizer_steps():
    result = train(stop_after=25)
    assert len(result.checkpoints) == 1
    assert result.points == []


def test_data_of_another_shape_is_refused():
    network = initialize("lenet300", (1, 8, 8), 4, 0)
    with pytest.raises(JobFailure, match="1 x 8 x 8"):
        next(train_sample(network, blobs(), ORDER, CPU, should_stop=lambda: False))


def test_every_sample_architecture_has_habits_and_is_in_the_zoo():
    names = set(SampleArchitecture.__args__)
    assert set(HABITS) == names
    assert names <= set(ARCHITECTURES)

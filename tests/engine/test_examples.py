import pytest
import torch

from backend.domain.network import NetworkInput
from worker.engine.batches import Batches
from worker.engine.examples import Examples, split_validation
from worker.engine.inputs import Inputs
from worker.engine.scaling import ChannelScaling, Scaling
from worker.engine.scaling import fit_scaling as fit

CPU = torch.device("cpu")


def fit_scaling(examples: Examples, kind) -> ChannelScaling:
    """Of a network's only input."""
    (part,) = fit(examples, kind, [NetworkInput(name="x", shape=examples.inputs.shapes[0])]).parts
    return part


def examples_of(inputs: torch.Tensor, labels: torch.Tensor | None = None) -> Examples:
    return Examples(Inputs.of(inputs), torch.zeros(len(inputs), dtype=torch.int64) if labels is None else labels)


def numbered(count: int) -> Examples:
    """Examples whose only pixel tells their number."""
    return examples_of(torch.arange(count, dtype=torch.float32).view(count, 1, 1, 1), torch.arange(count))


def batches_of(examples: Examples, batch_size: int, seed: int = 0) -> Batches:
    generator = torch.Generator().manual_seed(seed)
    return Batches(examples, Scaling.one(fit_scaling(examples, "none")), batch_size, generator, CPU)


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [(10, 5, [5, 5]), (10, 4, [4, 4, 2]), (9, 4, [4, 5]), (3, 8, [3]), (1, 8, [1]), (3, 1, [1, 1, 1])],
)
def test_an_epoch_shows_every_example_once_and_its_last_batch_may_be_smaller(count, batch_size, sizes):
    batches = batches_of(numbered(count), batch_size)
    epoch = [batches.next()[1] for _ in range(batches.per_epoch)]
    assert [len(labels) for labels in epoch] == sizes
    assert sorted(torch.cat(epoch).tolist()) == list(range(count))


def test_every_epoch_has_its_own_order():
    batches = batches_of(numbered(50), 50)
    assert batches.next()[1].tolist() != batches.next()[1].tolist()


def test_inputs_stay_with_their_labels():
    (inputs,), labels = batches_of(numbered(20), 7).next()
    assert inputs.flatten().tolist() == labels.tolist()


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 5])
def test_a_saved_position_is_taken_up_again(taken):
    batches = batches_of(numbered(10), 4)
    for _ in range(taken):
        batches.next()
    state, position = batches.epoch_state(), batches.position()
    expected = [batches.next()[1].tolist() for _ in range(8)]
    other = batches_of(numbered(10), 4, seed=99)
    other.restore(state, position)
    assert [other.next()[1].tolist() for _ in range(8)] == expected


def test_the_validation_split_is_disjoint_complete_and_decided_by_the_seed():
    split = split_validation(numbered(100), 0.2, seed=1)
    train, validation = set(split.train.labels.tolist()), set(split.validation.labels.tolist())
    assert len(validation) == 20
    assert train | validation == set(range(100))
    assert not train & validation
    assert set(split_validation(numbered(100), 0.2, seed=1).validation.labels.tolist()) == validation
    assert set(split_validation(numbered(100), 0.2, seed=2).validation.labels.tolist()) != validation


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_neither_side_of_a_split_is_empty(share):
    split = split_validation(numbered(2), share, seed=0)
    assert (len(split.train), len(split.validation)) == (1, 1)


def test_standardized_pixels_have_mean_zero_and_deviation_one_per_channel():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 200, (300, 2, 4, 4), generator=generator).to(torch.uint8)
    scaling = fit_scaling(examples_of(inputs), "standardize")
    scaled = scaling.on(CPU)(inputs)
    assert scaling.divisor == 255
    torch.testing.assert_close(scaled.mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.std((0, 2, 3), correction=0), torch.ones(2), atol=1e-5, rtol=0)


def test_unit_scaling_divides_pixels_and_leaves_floats():
    pixels = examples_of(torch.tensor([[[[255, 51]]]], dtype=torch.uint8))
    assert fit_scaling(pixels, "unit").on(CPU)(*pixels.inputs).flatten().tolist() == pytest.approx([1.0, 0.2])
    floats = examples_of(pixels.inputs.tensors[0].float())
    assert fit_scaling(floats, "unit").on(CPU)(*floats.inputs).flatten().tolist() == [255.0, 51.0]


def test_a_constant_channel_does_not_divide_by_zero():
    black = examples_of(torch.zeros(4, 1, 2, 2, dtype=torch.uint8))
    scaled = fit_scaling(black, "standardize").on(CPU)(*black.inputs)
    assert bool((scaled == 0).all())


def test_vectors_are_scaled_by_one_mean_and_deviation():
    vectors = examples_of(torch.tensor([[0.0, 2.0], [4.0, 6.0]]))
    scaling = fit_scaling(vectors, "standardize")
    assert scaling.mean == (3.0,)
    assert scaling.on(CPU)(*vectors.inputs).mean().item() == pytest.approx(0.0, abs=1e-6)

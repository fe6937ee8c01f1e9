"""Runs of networks with several inputs, and with tokens: pruned, retrained, resumed, and refused where they must be."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.recipe import Recipe
from tests.engine.runs import CPU, blobs, collect_run, recipe, weights_hash
from tests.engine.several_inputs import pictures, sentences, two_images, words
from worker.engine.examples import Dataset, Examples
from worker.engine.feeding import feed
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build, capture, summarize
from worker.engine.scaling import AsStored, ChannelScaling

CASES = {"two images": (two_images, pictures), "words": (words, sentences)}
SCHEDULE = {"schedule": {"kind": "greedy", "training_steps": 2}, "points": 2}
RETRAIN = {"epochs": 1, "steps_per_record": 3}
LEARN = {"epochs": 20, "steps_per_record": 50, "optimizer": {"kind": "adamw", "learning_rate": 0.02}}
RECIPES = {
    "fisher": recipe(retrain=RETRAIN),
    "distilled": recipe(distill={}, retrain=RETRAIN, prune={"criterion": {"kind": "taylor"}} | SCHEDULE),
    "rewound": recipe(
        dense={"epochs": 1, "keep_step": 2, "steps_per_record": 3},
        prune={"criterion": {"kind": "fisher", "labels": "model"}} | SCHEDULE,
        retrain=RETRAIN | {"start": {"kind": "rewind"}},
    ),
}


@pytest.mark.parametrize("chosen", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_run_thins_the_network_and_resumes_to_the_same_bits(case, chosen: Recipe) -> None:
    network, dataset = case[0](), case[1]()
    whole = collect_run(network, dataset, chosen)
    last = whole.points[-1]
    assert last.point.macs <= 0.5 * summarize(network).macs
    middle = whole.checkpoints[len(whole.checkpoints) // 2]
    resumed = collect_run(network, dataset, chosen, resume=middle)
    assert weights_hash(resumed.points[-1].network) == weights_hash(last.network)
    assert resumed.records[-1] == whole.records[-1]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_thin_network_learns_from_all_its_inputs(case) -> None:
    chosen = recipe(prune={"criterion": {"kind": "fisher"}, "points": 1}, retrain=LEARN)
    assert collect_run(case[0](), case[1](), chosen).points[-1].point.test_accuracy > 0.75  # one input alone gives 0.5


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_finished_network_gives_the_measured_accuracy_on_what_is_scaled_by_hand(case) -> None:
    network, dataset = case[0](), case[1]()
    finished = collect_run(network, dataset, RECIPES["fisher"]).points[-1]
    given = []
    for name, part in zip(finished.scaling.names, finished.scaling.parts, strict=True):
        stored = dataset.test.inputs.tensors[dataset.names.index(name)]
        if isinstance(part, AsStored):
            given.append(stored.long())
            continue
        shape = (1, -1) + (1,) * (stored.dim() - 2)
        mean, std = (torch.tensor(values).view(shape) for values in (part.mean, part.std))
        given.append((stored / part.divisor - mean) / std)
    answers = build(finished.network)(*given).argmax(1)
    assert (answers == dataset.test.labels).float().mean().item() == pytest.approx(finished.point.test_accuracy)


def test_tokens_are_not_scaled_and_the_rest_is_by_its_own_numbers() -> None:
    scaling = collect_run(words(), sentences(), RECIPES["fisher"]).points[-1].scaling
    assert scaling.names == ("tokens", "input_1")
    tokens, vector = scaling.parts
    assert tokens == AsStored("int64")
    assert isinstance(vector, ChannelScaling)
    assert vector.mean[0] == pytest.approx(sentences().train.inputs.tensors[0].mean().item(), abs=1e-5)


def test_the_order_of_a_datasets_arrays_does_not_matter() -> None:
    data = sentences()
    turned = replace(data, train=_turned(data.train), test=_turned(data.test), names=data.names[::-1])
    first, second = (collect_run(words(), held, RECIPES["fisher"]).points[-1] for held in (data, turned))
    assert weights_hash(first.network) == weights_hash(second.network)


def _turned(examples: Examples) -> Examples:
    return Examples(Inputs(examples.inputs.tensors[::-1]), examples.labels)


def test_the_shape_that_the_intake_gave_is_undone() -> None:
    flat = capture(nn.Sequential(nn.Linear(256, 6), nn.ReLU(), nn.Linear(6, 4)), (torch.zeros(2, 256),), "flat")
    fed = feed(flat, blobs())
    assert fed.train.inputs.shapes == ((256,),)
    assert torch.equal(fed.train.inputs.tensors[0], blobs().train.inputs.tensors[0].flatten(1))


@pytest.mark.parametrize(
    ("network", "data", "sentence"),
    [
        (
            two_images,
            blobs,
            "takes 2 inputs, `left` .1 x 8 x 8., `right` .2 x 6 x 6., but the dataset holds one",
        ),
        (two_images, sentences, "holds 2: `input_1`, `tokens`"),
    ],
)
def test_other_inputs_are_refused_before_any_training(network, data, sentence: str) -> None:
    _refused(network(), data(), sentence)


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        (20, "`tokens` takes numbers from 0 to 19, the rows of its embedding, but .* from 0 to 20"),
        (-1, "from -1 to 19"),
    ],
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_token_beyond_the_table_is_refused_before_any_training(part: str, token: int, sentence: str) -> None:
    data = sentences()
    getattr(data, part).inputs.tensors[1][7, 2] = token
    _refused(words(), data, sentence)


def test_tokens_that_are_floating_point_numbers_are_refused() -> None:
    data = sentences()
    vector, tokens = data.train.inputs
    _refused(
        words(), replace(data, train=Examples(Inputs.of(vector, tokens.float()), data.train.labels)), "float32 values"
    )


class Shifted(nn.Module):
    """Tokens that are counted from a start, so that the table's rows say nothing of them."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.hidden, self.fc = nn.Embedding(12, 6), nn.Linear(6, 8), nn.Linear(8, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc(torch.relu(self.hidden(self.table(tokens + 2).mean(1))))


@pytest.mark.parametrize(("largest", "is_known"), [(9, True), (10, False)])
def test_numbers_that_are_computed_with_are_tried_out(largest: int, is_known: bool) -> None:
    network = capture(Shifted(), (torch.zeros(2, 3, dtype=torch.int64),), "shifted")
    assert summarize(network).inputs[0].rows is None
    tokens = torch.arange(40, dtype=torch.uint8).remainder(5)[:, None].repeat(1, 3)
    tokens[17, 1] = largest
    examples = Examples(Inputs.of(tokens), torch.arange(40) % 4)
    data = Dataset(examples, examples, 4, "tokens")
    if is_known:
        assert len(collect_run(network, data, recipe()).points) == 3
    else:
        _refused(network, data, "cannot work with the dataset's numbers for `x`: index out of range")


class Cities(nn.Module):
    """A single whole number for each example, (N,), beside a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.vector = nn.Embedding(12, 6), nn.Linear(3, 6)
        self.hidden, self.fc = nn.Linear(12, 8), nn.Linear(8, 4)

    def forward(self, city: Tensor, vector: Tensor) -> Tensor:
        both = torch.cat([self.table(city), torch.relu(self.vector(vector))], 1)
        return self.fc(torch.relu(self.hidden(both)))


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
@pytest.mark.parametrize("stored", [torch.uint8, torch.int32, torch.int64])
def test_one_whole_number_for_each_example_is_an_input(stored: torch.dtype, shape: tuple[int, ...]) -> None:
    network = capture(Cities(), (torch.zeros(2, dtype=torch.int64), torch.zeros(2, 3)), "cities")
    assert summarize(network).inputs[0].shape == ()
    city, vector = (torch.arange(40) % 12).to(stored).view(shape), torch.randn(40, 3)
    examples = Examples(Inputs.of(city, vector), torch.arange(40) % 4)
    data = Dataset(examples, examples, 4, "cities", ("city", "vector"))
    assert len(collect_run(network, data, recipe()).points) == 3


def _refused(network: Network, data: Dataset, sentence: str) -> None:
    with pytest.raises(JobFailure, match=sentence) as caught:
        collect_run(network, data, recipe())
    assert caught.value.code is FailureCode.DATA_MISMATCH
    assert caught.value.hint


def test_inputs_are_taken_moved_and_cut_together() -> None:
    inputs = Inputs.of(torch.arange(10).view(5, 2), torch.arange(5))
    assert [part.tolist() for part in inputs.at(torch.tensor([3, 0]))] == [[[6, 7], [0, 1]], [3, 0]]
    assert [len(part.tensors[1]) for part in inputs.chunk(2)] == [3, 2]
    assert inputs.to(CPU).nbytes == 8 * 15
    assert inputs.shapes == ((2,), ())

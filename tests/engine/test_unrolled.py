"""Hidden units of recurrent layers show what reads them, inside and outside, example by example."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.constructs import BY_NAME
from tests.engine.constructs_heads import CLASSES, LENGTH, WIDTH, LastCell, ProjectedBothWays
from tests.engine.runs import CPU, recipe
from tests.engine.test_fisher import signal_of
from worker.engine.checks import check_target
from worker.engine.coupling import find_groups
from worker.engine.network import Network, build, capture, summarize
from worker.engine.regularizers.readers import reading_members
from worker.engine.signal import Needs, Reading
from worker.engine.trainee import Trainee
from worker.engine.unrolled import Unrolled

pytestmark = pytest.mark.filterwarnings("ignore:The tensor attributes")  # tracing an LSTM flattens its weights
COUNT = 5


class FromLearnedStates(nn.Module):
    """A GRU that starts from a state that it learns; its answers and those of a linear layer are added."""

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.beside = nn.GRU(WIDTH, 6, batch_first=True), nn.Linear(WIDTH, 6)
        self.first = nn.Parameter(torch.randn(1, 1, 6))
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        answers = self.gru(x, self.first.expand(-1, x.shape[0], -1).contiguous())[0]
        return self.head((answers + self.beside(x)).tanh().mean(1))


class FromFixedStates(nn.Module):
    """An LSTM that starts from an answer and a cell that are constants."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(WIDTH, 6, batch_first=True), nn.Linear(6, CLASSES)
        self.register_buffer("answer", torch.randn(1, 1, 6))
        self.register_buffer("cell", torch.randn(1, 1, 6))

    def forward(self, x: Tensor) -> Tensor:
        firsts = tuple(first.expand(-1, x.shape[0], -1).contiguous() for first in (self.answer, self.cell))
        return self.head(self.lstm(x, firsts)[0][:, -1])


class FromZeros(FromFixedStates):
    """The same from an answer of zeros, which are in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.answer.zero_()


class OfRows(nn.Module):
    """One LSTM over the halves of every sequence: two sequences of an example stand beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(WIDTH, 5, batch_first=True), nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        halves = x.reshape(-1, LENGTH // 2, WIDTH)
        return self.head(self.lstm(halves)[0][:, -1].reshape(x.shape[0], 10))


class OwnNames(nn.Module):
    """An LSTM whose weights are called as no module of PyTorch calls them."""

    def __init__(self) -> None:
        super().__init__()
        sizes = ((20, WIDTH), (20, 5), (20,), (20,))
        self.a, self.b, self.c, self.d = (nn.Parameter(torch.randn(size) / 4) for size in sizes)
        self.head = nn.Linear(5, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        states = [x.new_zeros(1, x.shape[0], 5)] * 2
        weights = [self.a, self.b, self.c, self.d]
        return self.head(torch.lstm(x, states, weights, True, 1, 0.0, False, False, True)[0].mean(1))


_KINDS: dict[str, Callable[[], nn.Module]] = {
    "both_ways": ProjectedBothWays,
    "cell": LastCell,
    "learned_states": FromLearnedStates,
    "fixed_states": FromFixedStates,
    "zeros": FromZeros,
    "rows": OfRows,
}


def captured(make: Callable[[], nn.Module]) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return capture(make().eval().double(), (torch.randn(2, LENGTH, WIDTH, dtype=torch.float64),), "recurrent")


def network_of(name: str) -> tuple[Network, Tensor]:
    generator = torch.Generator().manual_seed(1)
    if name in _KINDS:
        return captured(_KINDS[name]), torch.randn(COUNT, LENGTH, WIDTH, generator=generator, dtype=torch.float64)
    construct = BY_NAME[name]
    return construct.network(torch.float64), construct.inputs(COUNT, torch.float64)[0]


def gate_gradients(network: Network, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """dL_n/dm_k (N, K) by group, one example at a time: a factor on all columns of stored weights that read k."""
    module = build(network).eval()
    parameters = dict(module.named_parameters())
    rows: dict[str, list[Tensor]] = {group.name: [] for group in find_groups(network)}
    for example, label in zip(inputs, labels, strict=True):
        module.zero_grad()
        cross_entropy(module(example[None]), label[None]).backward()
        for group in find_groups(network):
            members = reading_members(network, group)
            assert members
            lines = [
                (weight * weight.grad).movedim(member.axis, 0).flatten(1).sum(1)[member.index].sum(1)
                for member in members
                if (weight := parameters[member.tensor]) is not None
            ]
            rows[group.name].append(torch.stack(lines).sum(0).detach())
    return {name: torch.stack(gradients) for name, gradients in rows.items()}


@pytest.mark.parametrize("name", [*_KINDS, "long_short_term_memory", "gated_recurrent"])
def test_scores_of_hidden_units_equal_the_gradient_of_a_mask_taken_one_example_at_a_time(name):
    network, inputs = network_of(name)
    labels = torch.arange(COUNT) % network.graph.class_count
    groups = {group.name: group for group in find_groups(network)}
    assert any(group.unit == "hidden" for group in groups.values())
    gradients = gate_gradients(network, inputs, labels)
    scores = signal_of(network, inputs, labels, [3, 2])
    assert scores.keys() == gradients.keys() == groups.keys()
    for group, score in scores.items():
        expected = gradients[group].square().mean(0) / 2
        assert expected.min() > 0
        torch.testing.assert_close(score, expected, rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize(("name", "places"), [("cell", LENGTH), ("zeros", LENGTH), ("fixed_states", LENGTH + 1)])
def test_what_is_read_of_a_hidden_unit_is_a_mean_over_the_places_that_read_it(name, places):
    """All steps inside the last layer, but a first one that starts from zeros, and the last answer outside."""
    network, inputs = network_of(name)
    labels = torch.arange(COUNT) % CLASSES
    trainee = Trainee(network, CPU)
    trainee.gates.signal.start(Needs(frozenset({Reading.ABSOLUTES})))
    cross_entropy(trainee.module(inputs), labels).backward()
    trainee.gates.signal.finish_batch(COUNT)
    read = trainee.gates.signal.stop()[Reading.ABSOLUTES]["lstm"]
    expected = gate_gradients(network, inputs, labels)["lstm"].abs().mean(0) / places
    torch.testing.assert_close(read, expected, rtol=1e-9, atol=1e-12)


def _layers() -> list[nn.RNNBase]:
    layers: list[nn.RNNBase] = []
    for number, both, first, bias in product((1, 3), (False, True), (False, True), (False, True)):
        options = {"num_layers": number, "bidirectional": both, "batch_first": first, "bias": bias}
        layers += [nn.LSTM(4, 6, **options), nn.LSTM(4, 6, proj_size=3, **options), nn.GRU(4, 6, **options)]
        layers += [nn.RNN(4, 6, nonlinearity=kind, **options) for kind in ("tanh", "relu")]
    return layers


@pytest.mark.parametrize("has_states", [False, True])
def test_a_layer_step_by_step_answers_and_learns_as_the_fused_one(has_states):
    generator = torch.Generator().manual_seed(0)
    for layer in _layers():
        layer.double()
        values = torch.randn(7, 7, 4, generator=generator, dtype=torch.float64)
        count = layer.num_layers * (1 + layer.bidirectional)
        sizes = [layer.proj_size or 6, *([6] if layer.mode == "LSTM" else [])]
        states = [torch.randn(count, 7, size, generator=generator, dtype=torch.float64) for size in sizes]
        given = (tuple(states) if len(states) > 1 else states[0],) if has_states else ()
        results = []
        for module in (layer, Unrolled(layer, {}, lambda: True)):
            layer.zero_grad()
            answers, lasts = module(values, *given)
            parts = [answers, *(lasts if isinstance(lasts, tuple) else [lasts])]
            sum((part * torch.arange(part.numel()).view(part.shape).cos()).sum() for part in parts).backward()
            results.append([*parts, *(weight.grad for weight in layer.parameters())])
        torch.testing.assert_close(results[1], results[0], rtol=1e-9, atol=1e-12)


def test_dropout_between_layers_acts_in_training_alone():
    module = Unrolled(nn.GRU(4, 6, num_layers=2, dropout=0.5), {}, lambda: True)
    values = torch.randn(3, 2, 4)
    assert not torch.equal(module(values)[0], module(values)[0])
    module.eval()
    assert torch.equal(module(values)[0], module(values)[0])


def test_a_layer_goes_step_by_step_only_where_that_is_wanted_and_something_can_learn():
    seen, wanted, values = [], [True], torch.randn(3, 2, 4)
    tap = nn.Identity()
    tap.register_forward_hook(lambda _module, given, _answer: seen.append(given[0].shape))
    module = Unrolled(nn.GRU(4, 6), {"weight_hh_l0": tap}, lambda: wanted[0])
    module(values)
    assert seen == [(2, 6)] * 3
    with torch.no_grad():
        module(values)
    wanted[0] = False
    module(values)
    assert len(seen) == 3


class Beside(nn.Module):
    """A GRU that leads to the second output alone."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.gru = nn.Linear(WIDTH, 6), nn.GRU(WIDTH, 5, batch_first=True)
        self.head, self.side = nn.Linear(6, CLASSES), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.head(self.a(x).relu().mean(1)), self.side(self.gru(x)[0][:, -1])


def test_units_that_lead_to_a_further_output_only_stay():
    told = summarize(captured(Beside))
    assert [group.name for group in told.groups] == ["a"]
    assert {lock.layer: lock.reason for lock in told.locks}["gru"].startswith("they lead to a further output only")


def test_weights_that_no_module_holds_are_refused_before_a_run():
    told = summarize(captured(OwnNames))
    assert [(group.unit, group.is_readable) for group in told.groups] == [("hidden", False)]
    with pytest.raises(JobFailure, match="hidden units") as failure:
        check_target(told, recipe(target={"kind": "sparsity", "sparsity": 0.2}))
    assert failure.value.code is FailureCode.INVALID_RECIPE
    assert "prune.pins" in failure.value.hint
    assert [group.is_readable for group in summarize(captured(LastCell)).groups] == [True] * 3

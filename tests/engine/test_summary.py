"""What a network's summary says of groups, locks and counts, against the network itself."""

import pytest
import torch
from torch import nn

from backend.domain.bounds import width_bounds
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.import_report import import_report
from backend.domain.network import NetworkSummary
from backend.domain.thinning import SizeModel
from tests.engine.constructs import BY_NAME, CONSTRUCTS, Construct, construct_name
from tests.engine.runs import blobs, collect_run, recipe, small_lenet
from tests.engine.zoo_cases import captured
from worker.engine.counting import count_layers, count_macs, count_parameters
from worker.engine.coupling import find_groups
from worker.engine.network import Network, capture, summarize
from worker.engine.surgery import remove
from worker.report_text import report_lines

MIXER = BY_NAME["mixer"]


class Ignoring(nn.Module):
    """It takes a mask that it never reads."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.fc = nn.Linear(8, 6), nn.Linear(6, 3)

    def forward(self, vector: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.relu(self.hidden(vector)))


def test_an_input_that_is_never_read_is_said_to_be_unused() -> None:
    summary = summarize(capture(Ignoring(), (torch.zeros(2, 8), torch.zeros(2, 4)), "ignoring"))
    assert [(info.name, info.is_used) for info in summary.inputs] == [("vector", True), ("mask", False)]
    line = next(report_lines(summary, import_report(summary)))
    assert "inputs `vector` 8, `mask` 4 (not used), 3 classes" in line


class Experts(nn.Module):
    """Stacked experts: a raw parameter that is multiplied along two axes that can go."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.router, self.last = nn.Linear(8, 10), nn.Linear(10, 3), nn.Linear(10, 4)
        self.inner, self.outer = nn.Parameter(torch.randn(3, 10, 12)), nn.Parameter(torch.randn(3, 12, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        hidden = torch.relu(torch.einsum("nd,edf->nef", x, self.inner))
        experts = torch.einsum("nef,efd->ned", hidden, self.outer)
        return self.last(x + (experts * self.router(x).softmax(-1)[:, :, None]).sum(1))


class LinearAttention(nn.Module):
    """Products of activations, of which both axes go."""

    def __init__(self) -> None:
        super().__init__()
        self.queries, self.keys, self.values = nn.Linear(5, 8), nn.Linear(5, 8), nn.Linear(5, 6)
        self.last = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        context = torch.einsum("ntc,ntd->ncd", torch.relu(self.keys(x)), self.values(x))
        return self.last(torch.bmm(torch.relu(self.queries(x)), context).mean(1))


def thinned(network: Network, generator: torch.Generator) -> tuple[dict[str, int], Network]:
    """Random widths of all groups, and the network cut to them."""
    keep = {}
    for group in find_groups(network):
        units = int(torch.randint(1, group.width // group.multiple + 1, (), generator=generator))
        order = torch.randperm(group.width, generator=generator)
        keep[group.name] = torch.zeros(group.width, dtype=torch.bool)
        keep[group.name][order[: units * group.multiple]] = True
    assert keep
    return {name: int(mask.sum()) for name, mask in keep.items()}, remove(network, keep)


def assert_exact(network: Network, seeds: int = 2) -> None:
    """Counts, layer by layer too, are those of networks cut to random widths."""
    summary = summarize(network)
    model = SizeModel.of(NetworkSummary.model_validate_json(summary.model_dump_json()))
    for seed in range(seeds):
        widths, thinner = thinned(network, torch.Generator().manual_seed(seed))
        counts = model.counts(widths)
        assert (counts.macs, counts.parameters) == (count_macs(thinner), count_parameters(thinner))
        lost = model.lost_macs(widths)
        left = [layer.macs - lost.get(layer.name, 0) for layer in summary.layers]
        assert left == [layer.macs for layer in count_layers(thinner)]


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_counts_at_thinner_widths_are_those_of_the_network_cut_to_them(construct: Construct) -> None:
    assert_exact(construct.network())


@pytest.mark.parametrize(("module", "shape"), [(Experts, (8,)), (LinearAttention, (7, 5))])
def test_counts_are_exact_where_several_axes_of_a_product_go(module: type[nn.Module], shape: tuple[int, ...]) -> None:
    network = capture(module().eval(), (torch.randn(2, *shape),), "products")
    assert_exact(network, seeds=8)
    summary = summarize(network)
    assert summary.operations is not None
    assert max(len(operation.axes) for operation in summary.operations) > 1


def test_parameters_that_multiply_are_layers() -> None:
    """Stacked experts have rows of their own, so that shares add up and their channels can be pinned."""
    network = capture(Experts().eval(), (torch.randn(2, 8),), "experts")
    summary = summarize(network)
    rows = {layer.name: layer for layer in summary.layers}
    inner, outer = rows["inner"], rows["outer"]
    assert (inner.type, inner.in_width, inner.width, inner.weights) == ("product", 10, 3 * 12, 3 * 10 * 12)
    assert (outer.type, outer.in_width, outer.width, outer.macs) == ("product", 12, 10, 3 * 12 * 10)
    assert sum(layer.macs for layer in summary.layers) == summary.macs
    verdicts = {verdict.layer: verdict for verdict in import_report(summary).layers}
    assert (verdicts["inner"].status, verdicts["inner"].groups) == ("prunable", ("inner",))
    assert verdicts["first"].coupled_with == ("outer",)
    pinned = width_bounds(summary, recipe(prune={"criterion": {"kind": "magnitude"}, "pins": ["inner"]}).prune)
    assert [name for name, bounds in pinned.items() if bounds.floor == bounds.dense] == ["inner"]
    for seed in range(4):
        widths, thinner = thinned(network, torch.Generator().manual_seed(seed))
        told = SizeModel.of(summary).layer_widths(widths)
        assert told == tuple(layer.width for layer in count_layers(thinner))


def test_several_parameters_of_one_module_are_told_apart() -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts, self.head = Experts(), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.experts(x))

    summary = summarize(capture(Holder().eval(), (torch.randn(2, 8),), "held"))
    names = [layer.name for layer in summary.layers]
    assert names == ["experts.first", "experts.inner", "experts.outer", "experts.router", "experts.last", "head"]


def test_a_layer_over_places_takes_operations_for_every_channel() -> None:
    """16 places to 10 for each of 12 channels: both widths count."""
    found = [item for item in summarize(MIXER.network()).operations or () if item.layer == "places1"]
    assert [item.macs for item in found] == [12 * 16 * 10]
    assert [[axis.size for axis in item.axes] for item in found] == [[10, 12]]


def test_summaries_from_before_operations_were_listed_count_on_the_safe_side() -> None:
    network = MIXER.network()
    summary = summarize(network)
    macs = {layer.name: layer.macs for layer in summary.layers}
    old = summary.model_copy(
        update={
            "operations": None,
            "weights": tuple(item.model_copy(update={"macs": macs.get(item.layer, 0)}) for item in summary.weights),
        }
    )
    assert NetworkSummary.model_validate_json(old.model_dump_json(exclude={"operations"})) == old
    widths, thinner = thinned(network, torch.Generator().manual_seed(1))
    counts = SizeModel.of(old).counts(widths)
    assert counts.parameters == count_parameters(thinner)
    assert summary.macs > counts.macs > count_macs(thinner)


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_every_layer_has_a_verdict_and_what_the_layers_lose_is_no_more_than_what_goes(construct: Construct) -> None:
    summary = summarize(construct.network())
    report = import_report(summary)
    assert [verdict.layer for verdict in report.layers] == [layer.name for layer in summary.layers]
    assert 0 < report.removable_macs < 1
    assert sum(verdict.removable_macs for verdict in report.layers) <= report.removable_macs + 1e-9
    assert all((verdict.lock is None) == (verdict.status != "locked") for verdict in report.layers)
    assert all(verdict.groups or verdict.lock for verdict in report.layers)


def test_a_lock_names_the_operation_that_holds_the_channels() -> None:
    class Sorted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(4, 6), nn.Linear(6, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(torch.softmax(self.first(x), 1))

    summary = summarize(captured(Sorted().eval(), (4,)))
    first, last = import_report(summary).layers
    assert (first.status, last.status) == ("locked", "locked")
    assert first.lock is not None
    assert first.lock.reason
    assert last.lock is not None
    assert "answer" in last.lock.reason


def test_pins_and_a_width_multiple_shape_the_networks_of_every_point() -> None:
    network = small_lenet(widths=(16, 20, 24))
    prune = {
        "criterion": {"kind": "fisher"},
        "schedule": {"kind": "greedy", "training_steps": 1, "channels": 4},
        "points": 2,
        "pins": ["conv1"],
        "width_multiple": 8,
    }
    target = {"kind": "sparsity", "sparsity": 0.3}
    points = collect_run(network, blobs(), recipe(prune=prune, target=target)).points
    widths = [point.point.widths for point in points]
    assert [width[0] for width in widths] == [16, 16, 16]
    assert widths[0] == (16, 20, 24, 4)
    assert all(conv2 in {20, 16, 8} and fc1 in {24, 16, 8} for _, conv2, fc1, _ in widths)
    assert points[-1].point.sparsity >= 0.3
    assert points[-1].point.macs == count_macs(points[-1].network)
    bounds = width_bounds(summarize(network), recipe(prune=prune).prune)
    assert [found.floor for found in bounds.values()] == [16, 8, 8]


def test_a_run_with_an_unknown_pin_is_refused_before_any_training() -> None:
    chosen = recipe(prune={"criterion": {"kind": "magnitude"}, "pins": ["conv3"]})
    with pytest.raises(JobFailure, match="did you mean `conv2`") as refusal:
        collect_run(small_lenet(), blobs(), chosen)
    assert refusal.value.code is FailureCode.INVALID_RECIPE


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=construct_name)
def test_layer_widths_at_thinner_groups_are_those_of_the_network_cut_to_them(construct: Construct) -> None:
    network = construct.network()
    widths = {group.name: max(1, group.width // 2 // group.multiple) * group.multiple for group in find_groups(network)}
    keep = {group.name: torch.arange(group.width) < widths[group.name] for group in find_groups(network)}
    told = SizeModel.of(summarize(network)).layer_widths(widths)
    assert told == tuple(layer.width for layer in count_layers(remove(network, keep)))

"""Pictures of first layers: every filter and every input is where it was in the dense network."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from backend.domain.first_layers import BLANK, FilterGrid, FirstLayer, InputMap
from tests.engine.constructs import BY_NAME
from tests.engine.runs import blobs, collect_run, recipe, small_lenet
from worker.engine.coupling import find_groups
from worker.engine.first_layers import first_layers
from worker.engine.network import Network, capture, zeros
from worker.engine.readers import first_readers
from worker.engine.surgery import remove


class Flat(nn.Module):
    """A fully connected layer reads an image, moved about first."""

    def __init__(self, shape: tuple[int, ...], *, is_normal: bool = False) -> None:
        super().__init__()
        self.is_normal = is_normal
        self.first, self.last = nn.Linear(torch.Size(shape).numel(), 5), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        if self.is_normal:
            x = (x - 0.5) / 0.25
        return self.last(self.first(x.flatten(1)).relu())


class Turned(Flat):
    """The image is turned and its channels go last before it is flattened."""

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x.transpose(2, 3).flip(3).permute(0, 2, 3, 1).reshape(x.size(0), -1)).relu())


class Convolved(nn.Module):
    def __init__(self, channels: int, *, width: int = 4, groups: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, kernel, groups=groups)
        self.norm, self.second, self.last = nn.BatchNorm2d(width), nn.Conv2d(width, 4, 1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.second(self.norm(self.first(x)).relu()).mean((2, 3)))


def test_a_run_draws_the_filters_that_each_of_its_networks_has():
    collected = collect_run(small_lenet(), blobs(), recipe())
    points = collected.points
    grids = [grid for point in points for grid in point.first_layers if isinstance(grid, FilterGrid)]
    assert len(grids) == len(points) == 3
    assert grids[0].places == tuple(range(6))
    assert grids[-1].left < 6
    for grid, point in zip(grids, points, strict=True):
        weight = point.network.tensors["conv1.weight"].double()
        assert torch.allclose(drawn(grid), weight, atol=grid.scale / 127)
    gone = {label for record in collected.records for label in record.removed}
    gone |= set(points[-1].point.dead_channels)
    assert grids[-1].places == tuple(place for place in range(6) if f"conv1:{place}" not in gone)


def network(module: nn.Module, *shape: int) -> Network:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return capture(module.eval(), zeros(module, shape), "test")


def pictures(dense: Network, keep: Mapping[str, Tensor] | None = None) -> tuple[FirstLayer, ...]:
    whole = {group.name: torch.ones(group.width, dtype=torch.bool) for group in find_groups(dense)}
    present = whole | dict(keep or {})
    return first_layers(dense, remove(dense, present), present)


def filters(dense: Network, keep: Mapping[str, Tensor] | None = None) -> FilterGrid:
    (found,) = pictures(dense, keep)
    assert isinstance(found, FilterGrid)
    return found


def inputs(dense: Network, keep: Mapping[str, Tensor] | None = None) -> InputMap:
    (found,) = pictures(dense, keep)
    assert isinstance(found, InputMap)
    return found


def drawn(grid: FilterGrid) -> Tensor:
    """The weights that the picture shows, to its own precision (filters, values, height, width)."""
    levels = torch.tensor(grid.values().tolist(), dtype=torch.float64).view(len(grid.places), *grid.size)
    return torch.where(levels == BLANK, 0.0, levels) * grid.scale / 127


def test_surviving_filters_stand_where_they_stood_in_the_dense_network():
    dense = network(Convolved(3), 3, 6, 6)
    grid = filters(dense, {"first": torch.tensor([False, True, False, True])})
    weight = dense.tensors["first.weight"].double()
    assert (grid.layer, grid.dense, grid.left, grid.places, grid.channels) == ("first", 4, 2, (1, 3), "color")
    assert grid.size == (3, 3, 3)
    assert torch.allclose(drawn(grid), weight[[1, 3]], atol=grid.scale / 127)
    assert grid.norms == pytest.approx([weight[1].norm().item(), weight[3].norm().item()], rel=1e-3)


def test_other_numbers_of_channels_show_their_mean_magnitude():
    dense = network(Convolved(2), 2, 6, 6)
    grid = filters(dense)
    assert grid.channels == "magnitude"
    mean = dense.tensors["first.weight"].double().abs().mean(1, keepdim=True)
    assert torch.allclose(drawn(grid), mean, atol=grid.scale / 127)


def test_zero_weights_are_blank():
    dense = network(Convolved(1), 1, 6, 6)
    dense.tensors["first.weight"][2, 0, 1] = 0
    levels = torch.tensor(filters(dense).values().tolist()).view(4, 1, 3, 3)
    assert (levels == BLANK).nonzero().tolist() == [[2, 0, 1, 0], [2, 0, 1, 1], [2, 0, 1, 2]]


def test_a_depthwise_layer_shows_one_channel_for_each_filter():
    grid = filters(network(Convolved(2, groups=2), 2, 6, 6))
    assert (grid.channels, grid.size) == ("single", (1, 3, 3))


def test_many_large_filters_are_cut_and_shrunk():
    dense = network(Convolved(3, width=300, kernel=16), 3, 20, 20)
    grid = filters(dense)
    assert (grid.dense, grid.left, len(grid.places)) == (300, 300, 256)
    assert grid.kernel == (16, 16)
    values, height, width = grid.size
    assert 256 * values * height * width <= 49_152
    expected = functional.adaptive_avg_pool2d(dense.tensors["first.weight"][:256].double(), (height, width))
    assert torch.allclose(drawn(grid), expected, atol=grid.scale / 127)


def by_hand(module: Flat, kept: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """How many of the layer's weights meet each pixel: the pixel is lit alone, and the layer's input looked at."""
    seen: list[Tensor] = []
    module.first.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0][0]))
    counts = torch.zeros(shape[1:], dtype=torch.long)
    for channel, row, column in torch.cartesian_prod(*map(torch.arange, shape)).tolist():
        image = torch.zeros(1, *shape)
        image[0, channel, row, column] = 1
        module(image)
        counts[row, column] += kept[:, seen[-1] != 0].sum()
    return counts


@pytest.mark.parametrize("module", [Flat, Turned])
def test_inputs_are_counted_pixel_by_pixel_wherever_they_are_moved(module: type[Flat]):
    shape = (2, 3, 4)
    own = module(shape)
    dense = network(own, *shape)
    kept = torch.rand(5, 24) > 0.6
    dense.tensors["first.weight"][~kept] = 0
    found = inputs(dense)
    assert (found.shape, found.size, found.fold, found.is_input, found.dense) == ((3, 4), (3, 4), 1, True, 10)
    assert torch.tensor(found.counts).view(3, 4).tolist() == by_hand(own, kept, shape).tolist()


def test_norms_are_those_of_the_neurons_that_are_left():
    dense = network(Flat((1, 2, 2), is_normal=True), 1, 2, 2)
    keep = torch.tensor([True, False, True, True, False])
    found = inputs(dense, {"first": keep})
    assert found.counts == (3, 3, 3, 3)
    assert found.dense == 5
    weight = dense.tensors["first.weight"].double()[keep]
    assert found.norms == pytest.approx(weight.norm(dim=0).tolist(), rel=1e-3)


def test_large_maps_are_put_together_and_lose_nothing():
    dense = network(Flat((1, 70, 130)), 1, 70, 130)
    dense.tensors["first.weight"][:, :500] = 0
    found = inputs(dense)
    assert (found.shape, found.size, found.fold) == ((24, 44), (70, 130), 3)
    assert sum(found.counts) == int(dense.tensors["first.weight"].count_nonzero())
    squares = sum(norm**2 for norm in found.norms)
    assert squares == pytest.approx(float(dense.tensors["first.weight"].double().square().sum()), rel=1e-2)
    assert found.dense == 9 * 5


def test_features_that_are_no_image_are_a_strip():
    found = inputs(network(Flat((7,)), 7))
    assert (found.shape, found.is_input, found.counts) == ((7,), True, (5,) * 7)


class Pooled(Flat):
    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(functional.avg_pool2d(x, 2).flatten(1)).relu())


def test_behind_a_pooling_the_cells_are_what_the_layer_reads():
    found = inputs(network(Pooled((1, 2, 2)), 1, 4, 4))
    assert (found.shape, found.is_input) == ((4,), False)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.GRU(6, 4, num_layers=2, batch_first=True, bidirectional=True)
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x)[0].mean(1))


def test_a_recurrent_layer_counts_both_directions():
    dense = network(Recurrent(), 5, 6)
    found = inputs(dense)
    both = torch.cat([dense.tensors["first.weight_ih_l0"], dense.tensors["first.weight_ih_l0_reverse"]]).double()
    assert (found.shape, found.is_input, found.counts) == ((6,), False, (24,) * 6)
    assert found.norms == pytest.approx(both.norm(dim=0).tolist(), rel=1e-3)


class Signal(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.last = nn.Conv1d(channels, 4, 5), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).relu().mean(2))


def test_the_input_channels_of_a_signal_are_rows():
    dense = network(Signal(2), 2, 9)
    grid = filters(dense)
    assert (grid.channels, grid.size) == ("rows", (1, 2, 5))
    assert torch.allclose(drawn(grid)[:, 0], dense.tensors["first.weight"].double(), atol=grid.scale / 127)


class Branches(nn.Module):
    """Two convolutions read the image; a third one reads it together with what the first found."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.late = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 3, 1), nn.Conv2d(3, 2, 1)
        self.last = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        left = self.late(torch.cat([self.left(x), x[:, :, 1:-1, 1:-1]], 1)).mean((2, 3))
        return self.last(torch.cat([left, self.right(x).mean((2, 3))], 1))


def test_every_layer_that_reads_the_input_alone_has_a_picture():
    found = pictures(network(Branches(), 1, 5, 5))
    assert sorted(one.layer for one in found) == ["left", "right"]


VARIED = ("pixel_shuffle", "transposed", "volume", "two_inputs", "window_attention", "encoder", "gated_recurrent")


@pytest.mark.parametrize("name", VARIED)
def test_whatever_a_network_is_made_of_its_first_layers_are_found(name: str):
    construct = BY_NAME[name]
    dense = construct.network()
    found = first_layers(dense, dense, {})
    is_fed_numbers = any(not take.vocabulary for take in construct.takes)
    assert bool(found) is is_fed_numbers
    for picture in found:
        if isinstance(picture, FilterGrid):
            assert len(picture.values()) == len(picture.places) * torch.Size(picture.size).numel()
        else:
            assert len(picture.counts) == len(picture.norms) == torch.Size(picture.shape).numel()


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Embedding(10, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x.long()).mean(1))


def test_there_is_no_picture_of_an_embedding():
    dense = network(Tokens(), 6)
    assert [reader.use.type for reader in first_readers(dense)] == ["embedding"]
    assert pictures(dense) == ()

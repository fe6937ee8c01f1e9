from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from backend.domain.allocations import ErkAllocation, GlobalAllocation, LampAllocation, UniformAllocation
from backend.domain.bounds import width_bounds
from backend.domain.costs import FixedCost, NoCost, ParameterFreeCost
from backend.domain.criteria import MagnitudeCriterion
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.pruning import Prune
from backend.domain.targets import MacTarget, ParameterTarget, SparsityTarget
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import ALLOCATIONS, COSTS
from worker.engine.costs.amounts import Operations
from worker.engine.costs.cost import CostModel
from worker.engine.masks import Masks
from worker.engine.selection import Rules, choose

DEPTH, WIDTH, PLACES, WINDOW = 8, 64, 16 * 16, 9


def chain() -> NetworkSummary:
    """Eight 3x3 convolutions of 64 maps each."""
    names = [f"conv{index}" for index in range(DEPTH)]
    layers = [
        Layer(
            name=name,
            type="conv",
            in_width=WIDTH,
            width=WIDTH,
            kernel=(3, 3),
            output_size=(16, 16),
            parameters=WIDTH * WIDTH * WINDOW + WIDTH,
            macs=WIDTH * WIDTH * WINDOW * PLACES,
            group=name,
        )
        for name in names
    ]
    groups = [
        ChannelGroupInfo(name=name, width=WIDTH, layers=(name,), consumers=tuple(names[index + 1 : index + 2]))
        for index, name in enumerate(names)
    ]
    return NetworkSummary(
        architecture="chain",
        input_shape=(WIDTH, 16, 16),
        class_count=WIDTH,
        layers=tuple(layers),
        groups=tuple(groups),
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
    )


class FrozenCostModel(CostModel):
    """Never looks at the widths again: what the paper warns of."""

    def __init__(self, model: SizeModel) -> None:
        super().__init__(Operations(model))
        self._frozen = super().changes(dense_widths(model))

    def changes(self, widths: torch.Tensor, sizes: torch.Tensor | None = None) -> torch.Tensor:
        return self._frozen


def dense_widths(model: SizeModel) -> torch.Tensor:
    return torch.tensor(list(model.dense_widths.values()), dtype=torch.float64)


def rules(model, *, cost=None, cost_model=None, allocation=None, target=None, **limits) -> Rules:
    prune = Prune(criterion=MagnitudeCriterion(), **{"minimum_width": 1, **limits})
    return Rules(
        model=model,
        cost_model=cost_model or CostModel(Operations(model)),
        weighing=COSTS.make(cost or NoCost()),
        allocation=ALLOCATIONS.make(allocation or GlobalAllocation()),
        bounds=width_bounds(chain(), prune),
        target=target or SparsityTarget(sparsity=0.5),
        layers={layer.name: (layer,) for layer in chain().layers},
    )


def full_masks(model: SizeModel) -> Masks:
    return Masks(
        {name: torch.arange(width) for name, width in model.dense_widths.items()},
        {name: torch.ones(width, dtype=torch.bool) for name, width in model.dense_widths.items()},
    )


def nearly_equal_scores(model: SizeModel, seed: int = 0) -> dict[str, torch.Tensor]:
    """The same rise of the loss for every map, within about 1e-3."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: 1 + 1e-3 * torch.randn(width, generator=generator, dtype=torch.float64)
        for name, width in model.dense_widths.items()
    }


def widths_after(model: SizeModel, chosen_rules: Rules, level: float = 0.5, seed: int = 0) -> list[int]:
    masks = full_masks(model)
    scores = nearly_equal_scores(model, seed)
    return list(masks.off(choose(scores, masks, chosen_rules, level, None)).widths.values())


def beta_of_one_interior_map(model: SizeModel) -> FixedCost:
    """Weigh one interior map's cost like one nat."""
    change = CostModel(Operations(model)).changes(dense_widths(model))[DEPTH // 2].item()
    return FixedCost(beta=-1 / change)


def contrast(widths: list[int]) -> float:
    """Mean difference between neighboring layers, as a share of the dense width."""
    return sum(abs(left - right) for left, right in pairwise(widths)) / (len(widths) - 1) / WIDTH


def test_thick_and_thin_layers_alternate_under_a_cost_that_follows_the_widths():
    model = SizeModel.of(chain())
    widths = widths_after(model, rules(model, cost=beta_of_one_interior_map(model)))
    assert widths == [1, 63, 1, 61, 1, 64, 1, 64]


@pytest.mark.parametrize("seed", range(6))
def test_neighbors_differ_only_with_a_cost_and_only_when_it_follows_the_widths(seed):
    model = SizeModel.of(chain())
    beta = beta_of_one_interior_map(model)
    following = widths_after(model, rules(model, cost=beta), seed=seed)
    without = widths_after(model, rules(model), seed=seed)
    frozen = widths_after(model, rules(model, cost=beta, cost_model=FrozenCostModel(model)), seed=seed)
    assert contrast(following) > 0.5
    assert contrast(without) < 0.25
    assert contrast(frozen) < 0.25


@pytest.mark.parametrize("minimum_width", [1, 2, 7])
def test_no_layer_becomes_thinner_than_the_minimum_width(minimum_width):
    model = SizeModel.of(chain())
    chosen = rules(model, cost=FixedCost(beta=1e6), minimum_width=minimum_width)
    widths = widths_after(model, chosen, level=minimum_width / WIDTH)
    assert widths == [minimum_width] * DEPTH


def test_choosing_stops_when_every_layer_is_at_its_minimum():
    model = SizeModel.of(chain())
    assert widths_after(model, rules(model, minimum_width=40), level=0.1) == [40] * DEPTH


@pytest.mark.parametrize(
    ("target", "level"),
    [(SparsityTarget(sparsity=0.3), 0.7), (MacTarget(density=0.4), 0.4), (ParameterTarget(density=0.6), 0.6)],
)
def test_removal_ends_with_the_first_channel_that_reaches_the_level(target, level):
    model = SizeModel.of(chain())
    masks, chosen_rules = full_masks(model), rules(model, target=target)
    chosen = choose(nearly_equal_scores(model), masks, chosen_rules, level, None)
    assert chosen_rules.density(masks.off(chosen).widths) <= level + 1e-12
    assert chosen_rules.density(masks.off(chosen[:-1]).widths) > level


def test_at_most_the_asked_number_of_channels_goes():
    model = SizeModel.of(chain())
    assert len(choose(nearly_equal_scores(model), full_masks(model), rules(model), 0.5, 3)) == 3


def test_the_lowest_scores_go_and_the_first_of_equals():
    model = SizeModel.of(chain())
    scores = {name: torch.ones(WIDTH) for name in model.dense_widths}
    scores["conv3"][5] = 0.5
    chosen = choose(scores, full_masks(model), rules(model), 0.5, 3)
    assert chosen == [("conv3", 5), ("conv0", 0), ("conv0", 1)]


def test_a_channel_that_is_off_is_not_chosen_again():
    model = SizeModel.of(chain())
    scores = {name: torch.ones(WIDTH) for name in model.dense_widths}
    masks = full_masks(model).off([("conv0", 0)])
    assert choose(scores, masks, rules(model), 0.5, 1) == [("conv0", 1)]


def test_uniform_allocation_thins_all_layers_alike_whatever_the_scores():
    model = SizeModel.of(chain())
    scores = nearly_equal_scores(model) | {"conv2": torch.zeros(WIDTH)}
    masks = full_masks(model)
    chosen = choose(scores, masks, rules(model, allocation=UniformAllocation()), 0.5, None)
    assert list(masks.off(chosen).widths.values()) == [WIDTH // 2] * DEPTH


def test_layers_keep_the_shares_that_their_factors_say_and_never_more_than_all():
    model = SizeModel.of(chain())
    allocation = UniformAllocation(layer_factors=("conv2=0.5", "conv3=4"))
    chosen = choose(nearly_equal_scores(model), full_masks(model), rules(model, allocation=allocation), 0.5, None)
    widths = full_masks(model).off(chosen).widths
    share = widths["conv1"] / WIDTH
    assert widths["conv3"] == WIDTH
    assert widths["conv2"] == pytest.approx(share * WIDTH / 2, abs=1)
    others = [width for name, width in widths.items() if name not in ("conv2", "conv3")]
    assert max(others) - min(others) <= 1


def test_erk_keeps_channels_by_the_sizes_of_their_layer():
    model = SizeModel.of(chain())
    layers = {layer.name: (layer,) for layer in chain().layers}
    small = layers["conv2"][0].model_copy(update={"kernel": (1, 1), "weights": WIDTH * WIDTH})
    chosen = replace(rules(model, allocation=ErkAllocation()), layers=layers | {"conv2": (small,)})
    widths = full_masks(model).off(choose(nearly_equal_scores(model), full_masks(model), chosen, 0.5, None)).widths
    share, more = (2 * WIDTH + 6) / (WIDTH**2 * WINDOW), (2 * WIDTH + 2) / WIDTH**2
    assert widths["conv2"] == WIDTH  # min(1, 8.7 times the share of the others)
    assert more / share > 8
    others = [width for name, width in widths.items() if name != "conv2"]
    assert max(others) - min(others) <= 1

    chosen = replace(chosen, layers=layers | {"conv2": (small, *layers["conv1"])})  # coupled: sizes are added up
    widths = full_masks(model).off(choose(nearly_equal_scores(model), full_masks(model), chosen, 0.5, None)).widths
    together = (4 * WIDTH + 8) / (WIDTH**2 * (WINDOW + 1))
    assert widths["conv2"] / widths["conv5"] == pytest.approx(together / share, rel=0.05)


def test_lamp_ranks_channels_by_their_norms_share_in_what_is_left_of_their_layer():
    model = SizeModel.of(chain())
    generator = torch.Generator().manual_seed(2)
    scores = {name: torch.rand(WIDTH, generator=generator) for name in model.dense_widths}
    scores["conv2"] *= 1000  # the scale of a layer is not seen
    chosen = choose(scores, full_masks(model), rules(model, allocation=LampAllocation()), 0.5, None)
    ranked = {
        (name, place): float(value**2 / norms[norms >= value].square().sum())
        for name, norms in scores.items()
        for place, value in enumerate(norms)
    }
    assert sorted(chosen) == sorted(sorted(ranked, key=ranked.__getitem__)[: len(chosen)])
    assert len(chosen) == WIDTH * DEPTH // 2


@pytest.mark.parametrize("multiple", [8, 16])
@pytest.mark.parametrize("allocation", [GlobalAllocation(), UniformAllocation(), ErkAllocation(), LampAllocation()])
@pytest.mark.parametrize("limit", [None, 1])
def test_aligned_widths_are_multiples_and_the_target_is_still_met(multiple, allocation, limit):
    model = SizeModel.of(chain())
    chosen = rules(model, allocation=allocation, width_multiple=multiple, target=MacTarget(density=0.4))
    scores, masks, steps = nearly_equal_scores(model), full_masks(model), 0
    while not chosen.is_reached(masks.widths, 0.4):
        masks, steps = masks.off(choose(scores, masks, chosen, 0.4, limit)), steps + 1
    assert all(width % multiple == 0 and width > 0 for width in masks.widths.values())
    assert chosen.density(masks.widths) <= 0.4
    assert steps == (1 if limit is None else sum(model.dense_widths.values()) - sum(masks.widths.values()))


def test_one_at_a_time_a_group_that_has_begun_gives_until_it_is_even_again():
    model = SizeModel.of(chain())
    chosen = rules(model, width_multiple=8)
    scores = {name: torch.full((WIDTH,), float(index)) for index, name in enumerate(model.dense_widths)}
    masks = full_masks(model).off(choose(scores, full_masks(model), chosen, 0.5, 3))
    assert chosen.open_group(masks.widths) == "conv0"
    # Now another layer's channels score less, but conv0 stands at 61.
    scores["conv5"] -= 100
    names = [name for name, _ in choose(scores, masks, chosen, 0.5, 7)]
    assert names == ["conv0"] * 5 + ["conv5"] * 2


def test_of_blocks_the_one_with_the_lowest_mean_goes_first():
    model = SizeModel.of(chain())
    scores = {name: torch.full((WIDTH,), 2.0) for name in model.dense_widths}
    scores["conv1"][0] = 0.0  # the lowest of all, but its block's mean is 1.75
    scores["conv6"][:8] = 1.0
    assert {name for name, _ in choose(scores, full_masks(model), rules(model, width_multiple=8), 0.5, 8)} == {"conv6"}
    assert choose(scores, full_masks(model), rules(model), 0.5, 1) == [("conv1", 0)]


@pytest.mark.parametrize("weighing", [FixedCost(beta=1.0), ParameterFreeCost()])
def test_the_cost_of_a_block_is_that_of_all_its_channels(weighing):
    model = SizeModel.of(chain())
    operations, widths = Operations(model), dense_widths(model)
    cost = CostModel(operations)
    sizes = torch.full_like(widths, 8)
    thinner = widths.clone()
    thinner[3] -= 8
    saved = (operations.at(thinner) - operations.at(widths)) / operations.at(widths)
    assert torch.allclose(cost.changes(widths, sizes)[3], saved / 8, rtol=1e-12)
    assert torch.equal(cost.changes(widths, torch.ones_like(widths)), cost.changes(widths))
    scores = nearly_equal_scores(model)
    chosen = choose(scores, full_masks(model), rules(model, cost=weighing, width_multiple=8), 0.5, None)
    assert all(width % 8 == 0 for width in full_masks(model).off(chosen).widths.values())


def test_pinned_layers_give_nothing():
    model = SizeModel.of(chain())
    scores = nearly_equal_scores(model) | {"conv2": torch.zeros(WIDTH)}
    masks = full_masks(model)
    chosen = choose(scores, masks, rules(model, pins=("conv2", "conv4")), 0.5, None)
    widths = masks.off(chosen).widths
    assert (widths["conv2"], widths["conv4"]) == (WIDTH, WIDTH)
    assert sum(widths.values()) == WIDTH * DEPTH // 2

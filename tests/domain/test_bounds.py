"""Which widths a channel group may end at."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.bounds import WidthBounds, pinned_groups, unknown_pins, width_bounds
from backend.domain.criteria import MagnitudeCriterion
from backend.domain.network import ChannelGroupInfo
from backend.domain.pruning import Prune
from tests.domain.test_reach import summary


def group(width: int, **details) -> ChannelGroupInfo:
    return ChannelGroupInfo(**{"name": "conv", "width": width, "layers": ("conv",), "consumers": ("next",), **details})


def bounds(width: int, width_multiple: int = 1, minimum_width: int = 2, *, is_pinned: bool = False, **details):
    prune = Prune(criterion=MagnitudeCriterion(), minimum_width=minimum_width, width_multiple=width_multiple)
    return WidthBounds.of(group(width, **details), prune, is_pinned=is_pinned)


def allowed(found: WidthBounds) -> list[int]:
    """Every width on the way down."""
    widths, width = [found.dense], found.below(found.dense)
    while width is not None:
        widths.append(width)
        width = found.below(width)
    return widths


@pytest.mark.parametrize(
    ("found", "widths"),
    [
        (bounds(5), [5, 4, 3, 2]),
        (bounds(20, 8), [20, 16, 8]),
        (bounds(64, 16), [64, 48, 32, 16]),
        (bounds(20, 8, minimum_width=9), [20, 16]),
        (bounds(7, 8), [7]),
        (bounds(8, 8), [8]),
        (bounds(64, is_pinned=True), [64]),
        (bounds(12, multiple=4), [12, 8, 4]),
        (bounds(48, 8, multiple=12), [48, 24]),
        (bounds(12, 8, unit="head", output_spans=(64,), input_spans=(64,)), [*range(12, 0, -1)]),
        (bounds(6, 8, unit="head", output_spans=(36,), input_spans=(12,)), [6, 4, 2]),
        (bounds(2, minimum_width=40, unit="head", output_spans=(32,), input_spans=(32,)), [2]),
        (bounds(40, 8, unit="hidden", output_spans=(4,), input_spans=(1,)), [40, 32, 24, 16, 8]),
        (bounds(20, 8, output_spans=(1,), input_spans=(16,)), [20, 16, 8]),
    ],
)
def test_a_group_may_end_at_these_widths(found: WidthBounds, widths: list[int]) -> None:
    assert allowed(found) == widths


@given(st.integers(1, 300), st.sampled_from([1, 8, 16]), st.integers(1, 60), st.sampled_from([1, 2, 3, 4, 32]))
def test_every_width_on_the_way_is_allowed_and_none_between(dense: int, align: int, minimum: int, own: int) -> None:
    found = bounds(dense * own, align, minimum, multiple=own)
    way = allowed(found)
    assert way[-1] == found.floor
    assert [width for width in range(found.floor, found.dense + 1) if found.allows(width)] == sorted(way)
    assert all(width % align == 0 and width % own == 0 and width >= minimum for width in way[1:])


def test_a_pin_holds_the_whole_group_of_its_layer() -> None:
    network = summary((8, 4))
    shared = network.model_copy(update={"groups": (group(8, name="fc1", layers=("fc1", "fc2")),)})
    assert pinned_groups(shared, ("fc2",)) == {"fc1"}
    assert pinned_groups(network, ("fc3",)) == frozenset()
    prune = Prune(criterion=MagnitudeCriterion(), pins=("fc2",))
    assert {name: found.floor for name, found in width_bounds(network, prune).items()} == {"fc1": 2, "fc2": 4}


def test_a_pin_that_names_no_layer_comes_with_the_nearest_name() -> None:
    (unknown,) = unknown_pins(summary(), ("fc1", "fc22"))
    assert unknown.detail == "The network has no layer `fc22`; did you mean `fc2`?"


def test_thousands_of_wrong_pins_are_found_at_once() -> None:
    began = time.monotonic()
    unknown = unknown_pins(
        summary((8,) * 50), tuple(f"stages.{number}.blocks.0.projection" for number in range(10_000))
    )
    assert len(unknown) == 10_000
    assert time.monotonic() - began < 5
    assert unknown[0].detail.startswith("The network has no layer `stages.0.blocks.0.projection`; did you mean `fc")

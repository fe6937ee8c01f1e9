"""Lists of names and numbers, as recipes hold them."""

import time

import pytest

from backend.domain.named_numbers import sort_once


def test_a_layer_that_is_named_twice_is_told() -> None:
    assert sort_once(["fc2=1", "fc1=1"], "factors") == ("fc1=1", "fc2=1")
    with pytest.raises(ValueError, match="the layer `fc2` is named twice; keep one of its factors"):
        sort_once(["fc1=1", "fc2=1", "fc2=0.5"], "factors")


def test_a_long_list_is_looked_through_once() -> None:
    began = time.monotonic()
    assert len(sort_once([f"layer{number}=1" for number in range(50_000)], "times")) == 50_000
    assert time.monotonic() - began < 5

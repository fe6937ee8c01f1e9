"""What is wrong with a value, as paths and sentences."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from backend.domain.criteria import Criterion
from backend.domain.recipe import Recipe
from backend.domain.spec import Spec
from backend.services.problems import ProblemEntry, describe_errors


class Item(Spec):
    criterion: Criterion
    numbers: tuple[int, ...] = ()


def problems(kind: Any, value: Any) -> list[ProblemEntry]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    return describe_errors(caught.value.errors(), value)


def test_union_tags_are_left_out_of_paths() -> None:
    (problem,) = problems(Item, {"criterion": {"kind": "magnitude", "norm": 3}})
    assert problem.field == "criterion.norm"


def test_positions_in_lists_are_part_of_a_path() -> None:
    (problem,) = problems(Item, {"criterion": {"kind": "fisher"}, "numbers": [1, "x"]})
    assert problem.field == "numbers.1"


def test_a_missing_field_inside_a_union_keeps_its_path() -> None:
    (problem,) = problems(
        Recipe, {"target": {"kind": "macs"}, "prune": {"criterion": {"kind": "fisher"}}, "retrain": {"epochs": 1}}
    )
    assert problem == ProblemEntry("target.density", "This is required.")


def test_a_path_that_a_message_names_is_used() -> None:
    value = {
        "target": {"kind": "macs", "density": 0.5},
        "prune": {"criterion": {"kind": "random"}, "cost": {"kind": "fixed"}},
        "retrain": {"epochs": 1},
    }
    (problem,) = problems(Recipe, value)
    assert problem.field == "prune.cost"
    assert problem.detail.startswith("`fixed` weighs")
    assert problem.detail.endswith(".")


def test_text_that_utf8_cannot_carry_is_refused_in_text_that_it_can() -> None:
    (problem,) = problems(Item, {"criterion": {"kind": "\ud800"}})
    assert problem.field == "criterion"
    assert "\ud800" not in problem.detail
    assert problem.detail.encode()


def test_a_flood_of_problems_is_cut() -> None:
    value = {"criterion": {"kind": "fisher"}, **{f"key{number}": 1 for number in range(1000)}}
    assert len(problems(Item, value)) == 50


def test_a_value_without_its_kind_is_told_so() -> None:
    (problem,) = problems(Item, {"criterion": {"norm": 3}})
    assert problem == ProblemEntry("criterion.kind", "This is required: it tells which kind of value this is.")
    (problem,) = problems(Criterion, {})
    assert problem.field == "kind"


def test_an_unknown_kind_is_answered_with_those_that_exist() -> None:
    (problem,) = problems(Item, {"criterion": {"kind": "best"}})
    assert problem.field == "criterion"
    assert problem.detail.startswith("There is no kind `best`; there are `fisher`, ")
    (problem,) = problems(Criterion, {"kind": "best"})
    assert problem.field == "kind"

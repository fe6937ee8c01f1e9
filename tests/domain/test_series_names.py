"""What tells recipes of one method apart."""

from typing import Any

import pytest

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.series_names import differences


def changed(preset: str, **settings: Any) -> Recipe:
    """The preset's recipe with settings by path, `__` for each dot."""
    value = PRESETS[preset].recipe.model_dump()
    for path, setting in settings.items():
        *sections, name = path.split("__")
        part = value
        for section in sections:
            part = part[section]
        part[name] = setting
    return Recipe.model_validate(value)


SGD = {"kind": "sgd", "learning_rate": 0.1}


@pytest.mark.parametrize(
    ("preset", "changes", "names"),
    [
        (
            "louizos2018-l0",
            [{"sparsify__epochs": 1}, {"sparsify__epochs": 25, "seed": 7}, {"sparsify__epochs": 3}],
            ("sparsify.epochs 1", "sparsify.epochs 25", "sparsify.epochs 3"),
        ),
        (
            "uniform",
            [{}, {"target__density": 0.1}, {"target__density": 0.1, "prune__points": 2}],
            (
                "target.density 0.25, prune.points 4",
                "target.density 0.1, prune.points 4",
                "target.density 0.1, prune.points 2",
            ),
        ),
        # Momentum, which only one kind of optimizer has, tells nothing apart.
        (
            "louizos2018-l0",
            [{"sparsify__optimizer": SGD}, {}, {"sparsify__optimizer": SGD | {"learning_rate": 1 / 3}}],
            (
                "sparsify.optimizer sgd, sparsify.optimizer.learning_rate 0.1",
                "sparsify.optimizer adamw, sparsify.optimizer.learning_rate 0.001",
                "sparsify.optimizer sgd, sparsify.optimizer.learning_rate 0.3333333333333333",
            ),
        ),
        (
            "uniform",
            [{}, {"prune__pins": ("a", "b")}, {"prune__pins": ("a", "b", "c")}],
            ("no prune.pins", "prune.pins a and b", "prune.pins of 3"),
        ),
        ("uniform", [{}, {"distill": None}], ("distill", "no distill")),
        # What cannot be told shortly is numbered.
        ("uniform", [{"prune__pins": tuple("abc")}, {"prune__pins": tuple("abd")}], ("1", "2")),
        (
            "uniform",
            [{}, {"target__density": 0.1, "prune__points": 2, "retrain__epochs": 1, "data__batch_size": 7}],
            ("1", "2"),
        ),
    ],
)
def test_recipes_are_told_apart_by_their_settings(
    preset: str, changes: list[dict[str, Any]], names: tuple[str, ...]
) -> None:
    assert differences([changed(preset, **settings) for settings in changes]) == names

"""A recipe from command-line options: a preset or a file, and what the options change in it."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from backend.domain.errors import InvalidValue
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.spec import Spec

DEFAULT_PRESET = "theis2018-fisher"


class RecipeChoice(Spec):
    """What the options said; None where nothing was said."""

    preset: str | None = None
    recipe_file: Path | None = None
    macs: float | None = None
    parameters: float | None = None
    sparsity: float | None = None
    seed: int | None = None
    precision: str | None = None
    pins: tuple[str, ...] = ()
    width_multiple: int | None = None
    measure_removals: bool = False


def choose_recipe(choice: RecipeChoice) -> Recipe:
    """Start from the preset or the file and apply the options; InvalidValue names what contradicts or is wrong."""
    if choice.preset is not None and choice.recipe_file is not None:
        raise InvalidValue("--preset and --recipe contradict each other: give one of them.")
    value = _start(choice).model_dump(mode="json")
    target = _target(choice)
    if target is not None:
        value["target"] = target
    if choice.seed is not None:
        value["seed"] = choice.seed
    if choice.precision is not None:
        value["compute"]["precision"] = choice.precision
    if choice.pins:
        value["prune"]["pins"] += choice.pins
    if choice.width_multiple is not None:
        value["prune"]["width_multiple"] = choice.width_multiple
    if choice.measure_removals:
        value["prune"]["measure_removals"] = True
    try:
        return Recipe.model_validate(value)
    except ValidationError as error:
        raise _refusal(error, "The options") from error


def _start(choice: RecipeChoice) -> Recipe:
    if choice.recipe_file is None:
        return PRESETS[choice.preset or DEFAULT_PRESET].recipe
    try:
        return Recipe.model_validate_json(choice.recipe_file.read_bytes())
    except ValidationError as error:
        raise _refusal(error, str(choice.recipe_file)) from error


def _refusal(error: ValidationError, source: str) -> InvalidValue:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return InvalidValue(f"{source}: {f'{place}: ' if place else ''}{message}.", field=place or "recipe")


def _target(choice: RecipeChoice) -> dict[str, Any] | None:
    targets: list[dict[str, Any]] = [
        {"kind": kind, "density": density}
        for kind, density in (("macs", choice.macs), ("parameters", choice.parameters))
        if density is not None
    ]
    if choice.sparsity is not None:
        targets.append({"kind": "sparsity", "sparsity": choice.sparsity})
    if len(targets) > 1:
        raise InvalidValue("Give one target: --macs, --parameters or --sparsity.", field="target")
    return targets[0] if targets else None

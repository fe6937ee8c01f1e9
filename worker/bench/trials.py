"""Settings of which a comparison tries several values, because their best one is not known."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Self

from pydantic import Field, JsonValue, ValidationError, field_validator

from backend.domain.errors import InvalidValue
from backend.domain.recipe import Recipe
from backend.domain.spec import Spec

_EQUAL = ("target", "retrain", "data", "dense", "seed", "compute", "sparsify.epochs", "prune.points")
"""What a comparison sets itself, so that all methods train as long (points share out the retraining), and all below."""


class Trial(Spec):
    """Several values of a setting, for every method that has it, or for one."""

    path: str
    """Such as `sparsify.regularizer.strength`."""
    values: tuple[JsonValue, ...] = Field(min_length=1)
    method: str | None = None
    """A preset; None: all that have the setting."""

    @field_validator("path")
    @classmethod
    def _check_path(cls, path: str) -> str:
        equal = next((name for name in _EQUAL if f"{path}.".startswith(f"{name}.")), None)
        if equal is not None:
            raise ValueError(f"`{equal}` is set by the comparison, alike for all methods; try what belongs to a method")
        return path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[PRESET:]SETTING=VALUE,VALUE`; raises InvalidValue for anything else."""
        setting, found, values = text.partition("=")
        method, _, path = setting.rpartition(":")
        if not (found and path and values):
            raise InvalidValue(f"`{text}` is no setting with values, such as sparsify.regularizer.strength=0.01,0.1.")
        try:
            return cls(path=path, values=tuple(map(_value, values.split(","))), method=method or None)
        except ValidationError as error:
            reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            raise InvalidValue(f"`{text}`: {reason}.") from error

    def __str__(self) -> str:
        """As `parse` reads it."""
        whose = "" if self.method is None else f"{self.method}:"
        return f"{whose}{self.path}={','.join(map(_text, self.values))}"

    def is_beside(self, other: "Trial") -> bool:
        """Sets the same setting of a method that the other means too."""
        return self.path == other.path and (None in (self.method, other.method) or self.method == other.method)

    def is_of(self, method: str, recipe: Recipe) -> bool:
        """The method's recipe has the setting, and is meant."""
        *sections, name = self.path.split(".")
        part = _at(recipe.model_dump(), sections)
        return self.method in (None, method) and part is not None and name in part


def variants(method: str, recipe: Recipe, trials: Sequence[Trial]) -> Iterator[tuple[tuple[str, ...], Recipe]]:
    """The recipe with every combination of values, and what was set, such as `prune.cost.beta=0.1`.

    Just the recipe where no trial is of this method. Raises ValueError for a value that does not fit.
    """
    own = [trial for trial in trials if trial.is_of(method, recipe)]
    for values in product(*(trial.values for trial in own)):
        settings = dict(zip((trial.path for trial in own), values, strict=True))
        yield tuple(f"{path}={_text(value)}" for path, value in settings.items()), _changed(method, recipe, settings)


def _changed(method: str, recipe: Recipe, settings: Mapping[str, JsonValue]) -> Recipe:
    dumped = recipe.model_dump()
    for path, value in settings.items():
        *sections, name = path.split(".")
        part = _at(dumped, sections)
        if part is not None:
            part[name] = value
    try:
        return Recipe.model_validate(dumped)
    except ValidationError as error:
        told = ", ".join(f"{path}={_text(value)}" for path, value in settings.items())
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise ValueError(f"{told} does not fit `{method}`: {reason}") from error


def _at(value: dict[str, Any], sections: Sequence[str]) -> dict[str, Any] | None:
    """A section of a dumped recipe; None where it is left out, or is none."""
    found: Any = value
    for name in sections:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _value(text: str) -> JsonValue:
    """A number, `true`, `false` or `null` as JSON has them, else the word itself."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""What there is to choose from: presets, the recipe's schema, and whether a recipe can be run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import JsonValue, ValidationError

from backend.domain.absent import absence
from backend.domain.bounds import factored_layers, unknown_pins
from backend.domain.datasets import DatasetSummary
from backend.domain.epochs import epoch_length
from backend.domain.errors import DataMismatch, InvalidValue, Refusal, TargetUnreachable
from backend.domain.fitting import Misfit, class_misfit, pair
from backend.domain.latencies import latency_misfit
from backend.domain.network import NetworkSummary
from backend.domain.presets import PRESETS, Preset
from backend.domain.reach import reach
from backend.domain.readability import unreadable
from backend.domain.recipe import Recipe
from backend.domain.regularizable import lack
from backend.domain.rewinding import beyond
from backend.domain.without_effect import without_effect
from backend.services.problems import ProblemEntry, describe_errors
from backend.services.scope import Scope

_MOST_PINS = 3
"""Unknown pins that one answer names."""


@dataclass(frozen=True)
class RecipeCheck:
    """Whether a recipe can be run, and if not, why."""

    fingerprint: str | None
    problems: Sequence[ProblemEntry]
    notices: Sequence[str] = ()
    """Settings that do nothing with this model, one sentence each."""


def list_presets() -> Sequence[Preset]:
    """All presets."""
    return tuple(PRESETS.values())


def recipe_schema() -> dict[str, Any]:
    """The recipe's JSON schema: forms are drawn from it."""
    return Recipe.model_json_schema()


def check_recipe(
    scope: Scope, value: Mapping[str, JsonValue], model_id: str | None, dataset_id: str | None
) -> RecipeCheck:
    """All that is wrong with a recipe in the making; raises `NotFound` for an unknown model or dataset."""
    summary = scope.work.models.get(model_id).summary if model_id else None
    dataset = scope.work.datasets.get(dataset_id).summary if dataset_id else None
    try:
        recipe = Recipe.model_validate(value)
    except ValidationError as error:
        return RecipeCheck(None, describe_errors(error.errors(include_url=False, include_input=False), dict(value)))
    problems = [
        ProblemEntry(refusal.field or "", _sentence(refusal)) for refusal in _refusals(recipe, summary, dataset)
    ]
    return RecipeCheck(recipe.fingerprint(), problems, without_effect(summary, recipe) if summary else ())


def require_fit(summary: NetworkSummary, dataset: DatasetSummary) -> None:
    """Raise `DataMismatch` unless the dataset's arrays and its number of classes fit the network."""
    paired = pair(summary.inputs, dataset.inputs)
    misfit = (
        paired
        if isinstance(paired, Misfit)
        else class_misfit(summary.class_count, summary.further_outputs, dataset.class_count)
    )
    if misfit is not None:
        raise DataMismatch(misfit.detail, field="dataset_id", hint=misfit.hint)


def require_one_input(dataset: DatasetSummary) -> None:
    """Raise `DataMismatch` unless the dataset holds one array of examples, as the zoo's networks take."""
    if len(dataset.inputs) > 1:
        raise DataMismatch(
            f"A reference network takes one array of examples, but the dataset holds {len(dataset.inputs)}.",
            field="dataset_id",
            hint="Choose a dataset with x_train alone.",
        )


def require_reachable(recipe: Recipe, summary: NetworkSummary) -> None:
    """Raise `TargetUnreachable`, with the nearest reachable point, when the minimum widths forbid the target."""
    answer = reach(summary, recipe)
    if not answer.is_reachable:
        raise TargetUnreachable(answer.detail, field=answer.field, hint=answer.hint)


def require_known_pins(recipe: Recipe, summary: NetworkSummary) -> None:
    """Raise `InvalidValue` when a pin or a factor names no layer of the network; the sentence names the nearest."""
    for field, names in (
        ("prune.pins", recipe.prune.pins),
        ("prune.allocation.layer_factors", factored_layers(recipe.prune)),
    ):
        unknown = unknown_pins(summary, names)
        if unknown:
            raise InvalidValue(" ".join(pin.detail for pin in unknown[:_MOST_PINS]), field=field)


def require_layers(recipe: Recipe, summary: NetworkSummary) -> None:
    """Raise `InvalidValue` when a setting is for layers that the network lacks; the sentence names it."""
    absent = absence(summary, recipe.prune)
    if absent:
        raise InvalidValue(f"{absent.detail} {absent.hint}", field=absent.field)


def require_readable(recipe: Recipe, summary: NetworkSummary) -> None:
    """Raise `InvalidValue` when the criterion cannot score some of the channels; the sentence names the layers."""
    missing = unreadable(summary, recipe.prune)
    if missing:
        raise InvalidValue(f"{missing.detail} {missing.hint}", field="prune.criterion")


def require_regularizable(recipe: Recipe, summary: NetworkSummary) -> None:
    """Raise `InvalidValue` when the network lacks what the regularizer works on; the sentence says what to choose."""
    lacking = lack(summary, recipe.sparsify, recipe.prune.pins)
    if lacking:
        raise InvalidValue(f"{lacking.detail} {lacking.hint}", field=lacking.field)


def require_times_of_layers(recipe: Recipe, summary: NetworkSummary) -> None:
    """Raise `InvalidValue` when the recipe tells times of other layers than the network has; the sentence names one."""
    misfit = latency_misfit(summary, recipe.latency)
    if misfit:
        raise InvalidValue(f"{misfit.detail} {misfit.hint}", field=misfit.field)


def require_rewindable(recipe: Recipe, dataset: DatasetSummary) -> None:
    """Raise `InvalidValue` when the step to rewind to lies outside of the training on this dataset."""
    problem = beyond(recipe, epoch_length(dataset.train_count, recipe.data)) if dataset.train_count else None
    if problem:
        raise InvalidValue(f"{problem.detail} {problem.hint}", field="dense.keep_step")


_REQUIRED_OF_NETWORKS = (
    require_known_pins,
    require_layers,
    require_readable,
    require_regularizable,
    require_times_of_layers,
    require_reachable,
)


def _refusals(recipe: Recipe, summary: NetworkSummary | None, dataset: DatasetSummary | None) -> list[Refusal]:
    checks: list[Callable[[], None]] = []
    if summary and dataset:
        checks.append(partial(require_fit, summary, dataset))
    if dataset:
        checks.append(partial(require_rewindable, recipe, dataset))
    if summary:
        checks += [partial(require, recipe, summary) for require in _REQUIRED_OF_NETWORKS]
    refusals: list[Refusal] = []
    for check in checks:
        try:
            check()
        except Refusal as refusal:
            refusals.append(refusal)
    return refusals


def _sentence(refusal: Refusal) -> str:
    return f"{refusal.detail} {refusal.hint}" if refusal.hint else refusal.detail

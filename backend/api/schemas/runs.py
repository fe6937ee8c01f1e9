"""Runs: ordering one, and what is known of it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Discriminator, Field

from backend.api.schemas.common import Answer, Body, FailureAnswer, Id, Name, failure_of
from backend.domain.jobs import JobKind, JobState
from backend.domain.metrics import density
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint, Phase, RunLayout, StepRecord
from backend.domain.sampling import SampleOrder
from backend.services.runs import RunEntry


class PruneRunBody(Body):
    """Prune a model."""

    kind: Literal["prune"]
    model_id: Id
    dataset_id: Id
    recipe: Recipe
    name: Name | None = None


class SampleRunBody(Body):
    """Train a reference network, so that there is something to prune."""

    kind: Literal["sample"]
    dataset_id: Id
    order: SampleOrder
    name: Name | None = None


def _tell_kinds(body: Any) -> Any:
    """Raises `ValueError` with the kinds there are for an order that has none."""
    if isinstance(body, dict) and "kind" not in body:
        kinds = [
            kind for order in (PruneRunBody, SampleRunBody) for kind in get_args(order.model_fields["kind"].annotation)
        ]
        raise ValueError(f"kind: This is required: {' or '.join(f'`{kind}`' for kind in kinds)}.")
    return body


RunBody = Annotated[PruneRunBody | SampleRunBody, Discriminator("kind"), BeforeValidator(_tell_kinds)]


class PointResult(Answer):
    """The best-known outcome of a run: its last operating point in a few numbers."""

    index: int
    sparsity: float
    macs: int
    parameters: int
    macs_density: float | None = Field(description="MACs kept, as a fraction of the dense network's.")
    file_macs_density: float | None = Field(
        description="MACs kept where those with zeros are counted; null for a network without zeros."
    )
    parameters_density: float | None = Field(description="Parameters kept, as a fraction of the dense network's.")
    dense_accuracy: float
    retrained_accuracy: float
    test_accuracy: float
    is_target: bool

    @classmethod
    def of(cls, point: OperatingPoint, layout: RunLayout | None) -> Self:
        """The numbers of a point."""
        return cls(
            index=point.index,
            sparsity=point.sparsity,
            macs=point.macs,
            parameters=point.parameters,
            macs_density=density(point.macs, layout.dense_macs) if layout else None,
            file_macs_density=point.file_macs_density(layout) if layout else None,
            parameters_density=density(point.parameters, layout.dense_parameters) if layout else None,
            dense_accuracy=point.dense_accuracy,
            retrained_accuracy=point.retrained_accuracy,
            test_accuracy=point.test_accuracy,
            is_target=point.is_target,
        )


class RunSummary(Answer):
    """A run as the list shows it."""

    id: Id
    name: str
    kind: JobKind
    state: JobState
    model_id: Id | None = Field(description="Null for a sample, and when the model was deleted.")
    dataset_id: Id | None
    model_name: str | None
    dataset_title: str | None
    recipe_fingerprint: str | None
    seed: int | None = Field(description="Of the recipe or the order: what tells apart runs that are alike otherwise.")
    progress: float = Field(description="Share that is done, in [0, 1].")
    seconds_left: float | None = Field(description="Estimate; null while there is nothing to estimate from.")
    step: int = Field(description="Steps that are safely stored.")
    phase: Phase | None
    loss: float | None = Field(description="Training loss of the last step, in nats.")
    accuracy: float | None = Field(description="Training accuracy of the last step, in [0, 1].")
    sparsity: float | None = Field(description="Fraction of the prunable channels removed so far.")
    macs: int | None
    parameters: int | None
    macs_density: float | None = Field(description="MACs kept so far, as a fraction of the dense network's.")
    parameters_density: float | None
    result: PointResult | None = Field(description="The last operating point.")
    error: FailureAnswer | None
    cancel_requested: bool
    result_model_id: Id | None = Field(description="The model that a finished sample run made.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, entry: RunEntry) -> Self:
        """The answer for a run."""
        return cls(**_summary_fields(entry))


class RunAnswer(RunSummary):
    """A run with all that was asked of it."""

    recipe: Recipe | None = Field(description="What a `prune` run does.")
    order: SampleOrder | None = Field(description="What a `sample` run does.")
    layout: RunLayout | None = Field(description="Which layers the steps' widths belong to; null before the start.")

    @classmethod
    def of(cls, entry: RunEntry) -> Self:
        """The answer for a run."""
        row = entry.row
        return cls(**_summary_fields(entry), recipe=row.recipe, order=row.sample_order, layout=row.layout)


class RunPage(Answer):
    """A page of runs, newest first."""

    items: list[RunSummary]
    total: int = Field(description="Number of runs that the filter lets through.")
    limit: int
    offset: int


class StepPage(Answer):
    """Steps of a run, in order."""

    items: list[StepRecord]
    total: int = Field(description="Number of steps that the run has by now.")


_COLUMNS = (
    "id",
    "name",
    "kind",
    "state",
    "model_id",
    "dataset_id",
    "recipe_fingerprint",
    "progress",
    "phase",
    "loss",
    "accuracy",
    "sparsity",
    "macs",
    "parameters",
    "cancel_requested",
    "result_model_id",
    "created_at",
    "started_at",
    "finished_at",
)


def _summary_fields(entry: RunEntry) -> dict[str, Any]:
    row, layout, point = entry.row, entry.row.layout, entry.last_point
    order = row.recipe or row.sample_order
    return {
        **{name: getattr(row, name) for name in _COLUMNS},
        "model_name": entry.model_name,
        "dataset_title": entry.dataset_title,
        "seed": order.seed if order else None,
        "seconds_left": entry.seconds_left,
        "step": row.step_committed,
        "macs_density": density(row.macs, layout.dense_macs) if layout and row.macs is not None else None,
        "parameters_density": (
            density(row.parameters, layout.dense_parameters) if layout and row.parameters is not None else None
        ),
        "result": PointResult.of(point, layout) if point else None,
        "error": failure_of(row),
    }

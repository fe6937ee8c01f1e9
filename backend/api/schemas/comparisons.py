"""Runs side by side."""

from dataclasses import asdict
from typing import Self

from pydantic import Field

from backend.api.schemas.common import Answer
from backend.api.schemas.figures import FigureAnswer
from backend.domain.comparison import Spread
from backend.domain.side_by_side import ComparedRun, Series
from backend.figures import to_wire
from backend.services.comparisons import RunComparison


class ComparedRunAnswer(Answer):
    """A run of a comparison."""

    id: str
    name: str
    seed: int
    is_finished: bool
    last_point: int | None = Field(description="Index of the last operating point that was reached.")

    @classmethod
    def of(cls, run: ComparedRun) -> Self:
        """From the domain's value."""
        last = run.points[-1].index if run.points else None
        return cls(id=run.id, name=run.name, seed=run.recipe.seed, is_finished=run.is_finished, last_point=last)


class SpreadAnswer(Answer):
    """Mean and range over the runs of a series."""

    mean: float
    lowest: float
    highest: float
    count: int

    @classmethod
    def of(cls, spread: Spread | None) -> Self | None:
        """From the domain's value."""
        return None if spread is None else cls(**asdict(spread))


class SeriesAnswer(Answer):
    """Runs of one recipe that differ in the seed alone."""

    label: str = Field(
        description="The preset's name, or the axes of the recipe that decide what goes; where several series share "
        "that, the settings in which they differ behind it. No two are the same."
    )
    is_baseline: bool
    runs: list[ComparedRunAnswer]
    dense_test_accuracy: SpreadAnswer | None
    test_accuracy: SpreadAnswer | None = Field(description="Of the last points that were reached, as all that follows.")
    macs_density: SpreadAnswer | None
    file_macs_density: SpreadAnswer | None = Field(
        description="MACs kept where those with zeros are counted; null where there are no zeros."
    )
    parameters_density: SpreadAnswer | None

    @classmethod
    def of(cls, series: Series) -> Self:
        """From the domain's value."""
        return cls(
            label=series.label,
            is_baseline=series.is_baseline,
            runs=[ComparedRunAnswer.of(run) for run in series.runs],
            dense_test_accuracy=SpreadAnswer.of(series.dense_test_accuracy),
            test_accuracy=SpreadAnswer.of(series.test_accuracy),
            macs_density=SpreadAnswer.of(series.macs_density),
            file_macs_density=SpreadAnswer.of(series.file_macs_density),
            parameters_density=SpreadAnswer.of(series.parameters_density),
        )


class ComparisonAnswer(Answer):
    """Runs by method, and the picture of them."""

    series: list[SeriesAnswer]
    caveats: list[str] = Field(description="What keeps this comparison from being fair, one sentence each.")
    figure: FigureAnswer
    agreement: FigureAnswer = Field(
        description="Cohen's kappa of the channels removed, by pair of methods and layer; without traces where no two "
        "runs prune the channels of one network."
    )
    agreement_notice: str | None = Field(
        description="Which methods that figure leaves out, and why; null without traces, or where it has them all."
    )
    gate_gradients: FigureAnswer = Field(
        description="Variance of the gradient by the gates' logits, by series and mini-batch of sparsifying; without "
        "traces where no run estimates any."
    )

    @classmethod
    def of(cls, comparison: RunComparison) -> Self:
        """From the service's value."""
        return cls(
            series=[SeriesAnswer.of(one) for one in comparison.series],
            caveats=list(comparison.caveats),
            figure=FigureAnswer.model_validate(to_wire(comparison.figure)),
            agreement=FigureAnswer.model_validate(to_wire(comparison.agreement)),
            agreement_notice=comparison.agreement_notice,
            gate_gradients=FigureAnswer.model_validate(to_wire(comparison.gate_gradients)),
        )

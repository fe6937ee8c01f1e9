"""Instability of single removals: accuracy straight before one minus straight after it (Bartoldson et al. 2020)."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import fsum
from statistics import fmean
from typing import Self

from pydantic import NonNegativeFloat, PositiveInt

from backend.domain.reports import OperatingPoint, StepRecord
from backend.domain.spec import Spec


class MeasuredRemoval(Spec):
    """One removal with the validation accuracy, in [0, 1], straight before and straight after it."""

    step: PositiveInt
    """The step of the run that ended with it."""
    before_accuracy: NonNegativeFloat
    pruned_accuracy: NonNegativeFloat

    @property
    def instability(self) -> float:
        """Accuracy lost; below 0 where the removal helped."""
        return self.before_accuracy - self.pruned_accuracy

    @property
    def relative_instability(self) -> float | None:
        """`instability` as a share of the accuracy straight before; None where that is zero."""
        return self.instability / self.before_accuracy if self.before_accuracy else None


class RemovalSummary(Spec):
    """Instability over several removals; training between them has no part in it."""

    count: PositiveInt
    """Removals that were measured."""
    mean_instability: float
    """Mean drop of accuracy, as Bartoldson et al. 2020 (arXiv:1906.03728) average it over removals."""
    mean_relative_instability: float | None
    """Mean of the drops, each as a share of the accuracy straight before; None where that was always zero."""
    largest_instability: float
    largest_step: PositiveInt
    """The step whose removal took most, the first of several."""
    total_instability: float
    """All drops added up: a point's own loss, and what the training steps before its removals won back."""

    @classmethod
    def of(cls, removals: Sequence[MeasuredRemoval]) -> Self | None:
        """Over these; None where there are none."""
        if not removals:
            return None
        worst = max(removals, key=lambda removal: removal.instability)
        shares = [share for removal in removals if (share := removal.relative_instability) is not None]
        total = fsum(removal.instability for removal in removals)
        return cls(
            count=len(removals),
            mean_instability=total / len(removals),
            mean_relative_instability=fmean(shares) if shares else None,
            largest_instability=worst.instability,
            largest_step=worst.step,
            total_instability=total,
        )

    def notice(self, point: OperatingPoint) -> str | None:
        """What the removals on the way to a point took, as a sentence; None where the point's own loss is not known."""
        if point.instability is None:
            return None
        regained = self.total_instability - point.instability
        trained = f"won back {in_points(regained)}" if regained >= 0 else f"took another {in_points(-regained)}"
        if self.count == 1:
            return (
                f"The removal took {in_points(self.total_instability)} of validation accuracy; the training steps "
                f"before it {trained}."
            )
        return (
            f"{self.count:,} removals took {in_points(self.mean_instability)} of validation accuracy each on average, "
            f"{in_points(self.largest_instability)} at most (step {self.largest_step:,}), "
            f"{in_points(self.total_instability)} in sum; the training steps before them {trained}."
        )


def in_points(drop: float) -> str:
    """A difference of two accuracies in [0, 1], in percentage points: it is no share of either."""
    return f"{100 * drop:.2f} points"


def measured_removals(steps: Iterable[StepRecord]) -> tuple[MeasuredRemoval, ...]:
    """The removals of a history that were measured, in order."""
    return tuple(
        MeasuredRemoval(step=step.step, before_accuracy=step.before_accuracy, pruned_accuracy=step.pruned_accuracy)
        for step in steps
        if step.before_accuracy is not None and step.pruned_accuracy is not None
    )


def summaries_by_point(
    points: Sequence[OperatingPoint], removals: Sequence[MeasuredRemoval]
) -> Mapping[int, RemovalSummary]:
    """Of every operating point, by index, the removals since the one before; points without any are left out."""
    found: dict[int, RemovalSummary] = {}
    for before, point in pairwise(points):
        summary = RemovalSummary.of([removal for removal in removals if before.step < removal.step <= point.step])
        if summary is not None:
            found[point.index] = summary
    return found

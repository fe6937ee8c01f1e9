"""Half of the compression that papers report for LeNet-5 on MNIST: `python -m tests.benchmarks.paper_claims`.

Louizos et al. 2018 (L0), Molchanov et al. 2017 (sparse variational dropout) and Louizos et al. 2017 (Bayesian
compression) ask for one network each; here their presets prune LeNet-5-Caffe to half of that compression, in fewer
epochs. The files of MNIST must be there (docs/benchmarks.md says where). What is finished stays in the cache, so that
the same command goes on where it was stopped.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from backend.domain.comparison import Cell, Outcome
from backend.domain.recipe import Recipe
from worker.bench.bench import Bench
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf
from worker.engine.device import make_deterministic, resolve_device
from worker.local import read_dataset

PAPERS_DENSE_ERROR = 0.0080
"""Of LeNet-5 before it is pruned, in the table of Molchanov et al. 2017; the others begin with pruned networks."""


@dataclass(frozen=True)
class Claim:
    """What a paper reports, and what a shorter training needs to be set otherwise."""

    name: str
    preset: str
    compression: float
    """The paper's, dense over remaining parameters."""
    error: float
    """The paper's, on MNIST's test data."""
    regularizer: dict[str, float]
    """Settings other than the preset's."""

    @property
    def rise(self) -> float:
        """By how much the paper's error rises over the dense network's, as a fraction; negative where it falls."""
        return self.error - PAPERS_DENSE_ERROR


CLAIMS = {
    claim.name: claim
    for claim in (
        Claim("L0", "louizos2018-l0", 70, 0.010, {}),
        Claim("sparse variational dropout", "molchanov2017-variational", 280, 0.0075, {"noise_speed": 3.0}),
        Claim("Bayesian compression, normal-Jeffreys", "louizos2017-bayesian", 108, 0.010, {"noise_speed": 3.0}),
        Claim("Bayesian compression, horseshoe", "louizos2017-horseshoe", 156, 0.010, {"noise_speed": 3.0}),
    )
}


class ClaimPlan(Plan):
    """A plan whose presets are changed for a shorter training."""

    regularizer: dict[str, float] = Field(default_factory=dict)

    def recipe(self, cell: Cell, learning_rate: float, per_epoch: int) -> Recipe:
        """The plan's recipe with other settings of the regularizer."""
        recipe = super().recipe(cell, learning_rate, per_epoch).model_dump()
        recipe["sparsify"]["regularizer"] |= self.regularizer
        return Recipe.model_validate(recipe)


def outcomes_of(claim: Claim, options: argparse.Namespace) -> Sequence[Outcome]:
    """Every seed's outcome at half of the paper's compression, or what is asked for in place of it."""
    asked = {"strength": options.strength, "noise_speed": options.noise_speed}
    plan = ClaimPlan(
        network="lenet5",
        data="mnist",
        methods=(claim.preset,),
        compressions=(options.compression or claim.compression / 2,),
        seeds=tuple(options.seeds),
        retrain_epochs=options.retrain_epochs,
        learning_rates=(options.learning_rate,),
        sparsify_epochs=options.sparsify_epochs,
        regularizer=claim.regularizer | {name: value for name, value in asked.items() if value is not None},
    )
    shelf = Shelf(options.cache / "runs")
    return Bench(plan, read_dataset("mnist"), resolve_device(options.device), shelf, print).compare().outcomes


def row(claim: Claim, outcomes: Sequence[Outcome]) -> str:
    """A row of the table: the paper's, ours, and whether the goal is met by the mean over the seeds."""
    if any(outcome.failure for outcome in outcomes):
        return f"| {claim.name} | failed: {', '.join(outcome.failure or '' for outcome in outcomes)} |"
    rises = [(one.dense_accuracy or 0.0) - (one.test_accuracy or 0.0) for one in outcomes]
    compression = min(one.reached or 0.0 for one in outcomes)
    errors = _spread([1 - (one.test_accuracy or 0.0) for one in outcomes])
    met = "met" if statistics.mean(rises) <= claim.rise else "missed"
    return (
        f"| {claim.name} | {claim.compression:g} at {claim.error:.2%} ({claim.rise * 100:+.2f}) | {compression:.1f} "
        f"| {errors} | {_points(rises)} | {met} | {'; '.join(_widths(one.widths) for one in outcomes)} |"
    )


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2%} ({min(values):.2%} to {max(values):.2%})"


def _points(values: Sequence[float]) -> str:
    mean, low, high = (100 * value for value in (statistics.mean(values), min(values), max(values)))
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def _widths(widths: Sequence[int]) -> str:
    return "-".join(map(str, widths))


def main() -> None:
    """Run what has not been run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/secateur-benchmarks/claims").expanduser())
    parser.add_argument("--claims", nargs="+", choices=list(CLAIMS), default=list(CLAIMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sparsify-epochs", type=int, default=200)
    parser.add_argument("--retrain-epochs", type=int, default=10)
    parser.add_argument("--learning-rate", type=float, default=0.02, help="of retraining")
    parser.add_argument("--strength", type=float, help="of the regularizer, in place of the preset's")
    parser.add_argument("--noise-speed", type=float, help="of the regularizer, in place of what 20 epochs need")
    parser.add_argument("--compression", type=float, help="asked for, in place of half of the paper's")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    make_deterministic(options.threads)
    rows = [row(CLAIMS[name], outcomes_of(CLAIMS[name], options)) for name in options.claims]
    heads = "| method | the paper's compression and error (rise) | ours | error | rise, points | goal | widths |"
    print("\n".join(["", heads, "|---|---|---:|---:|---:|---|---|", *rows]))


if __name__ == "__main__":
    main()

"""Who beats magnitude: `python -m worker.bench.verdicts docs/results/*.json --document docs/benchmarks.md`."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import click

from backend.domain.comparison import Comparison, Spread
from backend.domain.presets import PRESETS
from worker.bench.report import beyond, keeps_shapes, replace_section
from worker.bench.results import read_results

SECTION = "verdicts"
_MAGNITUDES = {
    "Whole channels": ("uniform", "magnitude-channel", "li2017-filter-l1"),
    "Single weights": ("uniform-magnitude-weights", "global-magnitude-weights"),
}
"""The plain ones: the smallest norms inside layers, or over all of them."""
_ALIKE = 1.1
"""Epochs that differ by up to this factor pass as the same budget."""


@dataclass(frozen=True)
class Duel:
    """A method beside a rival, at one compression of one comparison."""

    own: Spread
    """Test accuracy."""
    rival: Spread
    epochs: float
    """After the dense network, in units of the rival's."""
    size: str
    """What is said where it came to much more than was asked for."""
    is_whole: bool
    """All seeds of both ended, and there are several."""

    @classmethod
    def between(cls, results: Comparison, method: str, rival: str, compression: float) -> Self | None:
        """None where one of them has no result."""
        own, other = (results.test_accuracy(name, compression) for name in (method, rival))
        if own is None or other is None:
            return None
        seeds = {outcome.cell.seed for outcome in results.outcomes}
        return cls(
            own,
            other,
            _epochs(results, method, compression) / max(_epochs(results, rival, compression), 1e-9),
            beyond(results.reached(method, compression), compression),
            is_whole=own.count == other.count == len(seeds) > 1,
        )

    @property
    def is_ahead(self) -> bool:
        """Its worst seed ended above the rival's best."""
        return self.is_whole and self.own.lowest > self.rival.highest

    @property
    def is_longer(self) -> bool:
        """It had a larger budget."""
        return self.epochs > _ALIKE

    def __str__(self) -> str:
        points = f"{100 * (self.own.mean - self.rival.mean):+.1f}"
        is_behind = self.is_whole and self.own.highest < self.rival.lowest
        mark = "**" if self.is_ahead else "*" if is_behind else ""
        budget = "⁺" if self.is_longer else "⁻" if self.epochs < 1 / _ALIKE else ""
        return f"{mark}{points}{mark}{budget}{self.size}"


@click.command("verdicts")
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--document", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--compression", default=16.0, show_default=True, type=click.FloatRange(min=1, min_open=True))
def command(results: Sequence[Path], document: Path, compression: float) -> None:
    """Write into a document how every method ended beside the best of the plain magnitudes."""
    found = [read_results(file) for file in results]
    there = sorted({value for comparison in found for value in comparison.compressions})
    if compression not in there:
        known = ", ".join(f"{value:g}" for value in there)
        raise click.BadParameter(
            f"these results have no {compression:g}x; choose among {known}", param_hint="--compression"
        )
    replace_section(document, SECTION, verdicts(found, compression))


def verdicts(found: Sequence[Comparison], compression: float) -> str:
    """A table for whole channels and one for single weights, and who is ahead nowhere."""
    held = [results for results in found if compression in results.compressions]
    magnitudes = "; ".join(", ".join(f"`{name}`" for name in names) for names in _MAGNITUDES.values())
    parts = [
        f"At {compression:g}x: points of test accuracy, on average over the seeds, beside whichever of the plain "
        f"magnitudes ({magnitudes}) ended best there on the validation split. **Bold**: ahead, the worst seed is above "
        "the rival's best one; *italic*: behind, the best seed is below its worst one; else within the spread. ⁺ and "
        "⁻: over a tenth more or fewer epochs after the dense network than the rival had. *at 20x*: what was reached, "
        "where that is over a tenth more than was asked for. Empty: the rival itself, or no result. The tables below "
        "have the figures, and say why some have none."
    ]
    for title, plain in _MAGNITUDES.items():
        methods = [name for name in PRESETS if keeps_shapes(name) == keeps_shapes(plain[0])]
        parts += _table(title, held, methods, plain, compression)
    return "\n\n".join(parts)


def _table(
    title: str, found: Sequence[Comparison], methods: Sequence[str], magnitudes: Sequence[str], compression: float
) -> list[str]:
    rivals = [_best(results, magnitudes, compression) for results in found]
    heads = [f"{results.network} on {results.data}" for results in found]
    best = [
        "none" if rival is None else _rival(results, rival, compression)
        for results, rival in zip(found, rivals, strict=True)
    ]
    rows: list[str] = []
    nowhere: list[str] = []
    longer: list[str] = []
    for method in methods:
        duels = [
            None if rival is None or rival == method else Duel.between(results, method, rival, compression)
            for results, rival in zip(found, rivals, strict=True)
        ]
        if not any(duels):
            continue
        rows.append(f"| `{method}` | {' | '.join('' if duel is None else str(duel) for duel in duels)} |")
        won = [duel for duel in duels if duel is not None and duel.is_ahead]
        if method not in magnitudes and all(duel.is_longer for duel in won):
            (longer if won else nowhere).append(f"`{method}`")
    if not rows:
        return []
    lines = [f"| {title} | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads), f"| rival | {' | '.join(best)} |"]
    return [
        "\n".join([*lines, *rows]),
        f"Besides plain magnitudes, ahead in no column: {', '.join(nowhere) or 'none'}. Ahead only where they had more "
        f"epochs than the rival: {', '.join(longer) or 'none'}.",
    ]


def _best(results: Comparison, magnitudes: Sequence[str], compression: float) -> str | None:
    """By validation accuracy: the test split chooses nothing."""
    ended = {
        name: [one.validation_accuracy for one in results.of(name, compression) if one.validation_accuracy is not None]
        for name in magnitudes
    }
    means = {name: statistics.mean(found) for name, found in ended.items() if found}
    return max(means, key=lambda name: means[name], default=None)


def _rival(results: Comparison, rival: str, compression: float) -> str:
    """Its name, what it came to, and after how many epochs."""
    spread = results.test_accuracy(rival, compression)
    size = beyond(results.reached(rival, compression), compression)
    epochs = _epochs(results, rival, compression)
    return "none" if spread is None else f"`{rival}` {spread.mean:.1%}{size}, {epochs:.0f} epochs"


def _epochs(results: Comparison, method: str, compression: float) -> float:
    return statistics.mean(one.epochs for one in results.of(method, compression) if one.test_accuracy is not None)


if __name__ == "__main__":
    command()

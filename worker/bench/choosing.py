"""Which of several settings a comparison's runs take: what ends best on the validation split."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.comparison import Cell, Outcome
from backend.domain.errors import FailureCode
from backend.domain.recipe import Recipe
from worker.bench.plan import Plan

PASSING = frozenset({FailureCode.OUT_OF_MEMORY, FailureCode.DISK_FULL, FailureCode.DEVICE_UNAVAILABLE})
"""Failures of the machine, not of the method: the same command tries again."""


@dataclass(frozen=True)
class _Verdict:
    """What some cells' runs say of the candidates."""

    settings: str
    is_sound: bool
    """A run of these settings ended."""


@dataclass(frozen=True)
class Choice:
    """What is chosen, as far as what it is chosen by has been run."""

    plan: Plan
    per_epoch: int
    """Mini-batches in an epoch of the training part."""
    done: Callable[[Cell, Recipe], Outcome | None]
    """What came of a recipe in a cell; None: nothing yet."""
    _found: dict[Cell, _Verdict] = field(default_factory=dict)
    """By the first of the cells that decide."""

    def candidates(self, cell: Cell) -> Mapping[str, Recipe]:
        """All recipes that the cell may come to, by what sets each apart."""
        return self.plan.candidates(cell, self.per_epoch)

    def wanted(self, cell: Cell) -> Mapping[str, Recipe]:
        """Those of them that are to be run: all where they decide, else the one that is chosen; none before."""
        found = self.candidates(cell)
        if len(found) == 1 or cell in self.deciding(cell):
            return found
        settings = self.settings(cell)
        return {} if settings is None else {settings: found[settings]}

    def deciding(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells whose runs choose the settings of this one, and their own: itself where nothing ends in those."""
        at = self.plan.tune_at
        if at is None:
            return (cell,)
        together = tuple(cell.model_copy(update={"compression": at, "seed": seed}) for seed in self.plan.seeds)
        verdict = self._verdict(together)
        return together if verdict is None or verdict.is_sound else (cell,)

    def settings(self, cell: Cell) -> str | None:
        """What is chosen: what has no rival, or fails least and then has the highest mean validation accuracy.

        Over the deciding runs; None until all of them are done. The first of several that end alike.
        """
        names = list(self.candidates(cell))
        if len(names) == 1:
            return names[0]
        verdict = self._verdict(self.deciding(cell))
        return None if verdict is None else verdict.settings

    def _verdict(self, cells: Sequence[Cell]) -> _Verdict | None:
        if cells[0] not in self._found:
            found = [self._accuracies(cell) for cell in cells]
            names = list(self.candidates(cells[0]))
            if any(len(one) < len(names) for one in found):
                return None
            ended = {name: [value for one in found if (value := one[name]) is not None] for name in names}
            means = {name: statistics.mean(values) if values else 0.0 for name, values in ended.items()}
            best = max(names, key=lambda name: (len(ended[name]), means[name]))
            self._found[cells[0]] = _Verdict(best, bool(ended[best]))
        return self._found[cells[0]]

    def _accuracies(self, cell: Cell) -> dict[str, float | None]:
        """Of what is done, None where it failed; where much hangs on it, failures of the machine are not done."""
        outcomes = {settings: self.done(cell, recipe) for settings, recipe in self.candidates(cell).items()}
        return {
            settings: outcome.validation_accuracy
            for settings, outcome in outcomes.items()
            if outcome is not None and (self.plan.tune_at is None or outcome.code not in PASSING)
        }

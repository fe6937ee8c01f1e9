"""Which of several settings a comparison's runs take: what ends best on the validation split."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from backend.domain.comparison import Cell, Outcome
from backend.domain.recipe import Recipe
from worker.bench.plan import Plan


@dataclass(frozen=True)
class Choice:
    """What is chosen, as far as what it is chosen by has been run."""

    plan: Plan
    per_epoch: int
    """Mini-batches in an epoch of the training part."""
    done: Callable[[Cell, Recipe], Outcome | None]
    """What came of a recipe in a cell; None: nothing yet."""
    _found: dict[Cell, str] = field(default_factory=dict)
    """Settings that were chosen, by the first cell of those that decide."""

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
        """The cells whose runs choose the settings of this one; their own settings are chosen together."""
        at = self.plan.tune_at
        if at is None:
            return (cell,)
        return tuple(cell.model_copy(update={"compression": at, "seed": seed}) for seed in self.plan.seeds)

    def settings(self, cell: Cell) -> str | None:
        """What is chosen: what has no rival, or the highest mean validation accuracy over the deciding runs.

        None until all of those are done. The first of several that end alike; a run that failed counts as -1.
        """
        deciding, names = self.deciding(cell), list(self.candidates(cell))
        if len(names) == 1:
            return names[0]
        if deciding[0] not in self._found:
            accuracies = [dict(self._accuracies(one)) for one in deciding]
            if any(len(found) < len(names) for found in accuracies):
                return None
            self._found[deciding[0]] = max(names, key=lambda name: statistics.mean(one[name] for one in accuracies))
        return self._found[deciding[0]]

    def _accuracies(self, cell: Cell) -> Iterator[tuple[str, float]]:
        for settings, recipe in self.candidates(cell).items():
            done = self.done(cell, recipe)
            if done is not None:
                yield settings, -1.0 if done.validation_accuracy is None else done.validation_accuracy

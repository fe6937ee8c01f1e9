"""What a comparison runs."""

from collections import deque
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from backend.domain.comparison import Cell
from backend.domain.datasets import BUILTIN_DATASETS
from backend.domain.presets import PRESETS
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.retraining import DenseTraining, Retrain, SgdOptimizer
from backend.domain.sampling import SampleArchitecture, SampleOrder
from backend.domain.spec import Spec
from backend.domain.targets import ParameterTarget
from worker.bench.trials import Trial, variants
from worker.engine.sampling import HABITS, STEPS_PER_RECORD, WARM_UP, epochs_of

_WEIGHT_DECAY = 5e-4
_DATA = DataSplit()
_SOME_STEPS = 100
"""Of an epoch, where its length does not matter."""
_IN_PLACE = (
    f"Whatever its preset says, every method trains in mini-batches of {_DATA.batch_size} examples, with a share of "
    f"{_DATA.validation_share:g} of the training data held out for validation, retrains all layers together, and has "
    "no teacher, unless it is a student that starts afresh."
)


class Plan(Spec):
    """Methods x compressions x seeds on one network and dataset; the same retraining for all."""

    network: SampleArchitecture
    data: str
    methods: tuple[str, ...] = Field(min_length=1)
    compressions: tuple[PositiveFloat, ...] = Field(min_length=1)
    seeds: tuple[NonNegativeInt, ...] = Field(min_length=1)
    dense_epochs: PositiveInt | None = None
    """None: the network's own habit."""
    retrain_epochs: PositiveInt = 10
    """Of a whole run: a method that goes on training from point to point shares them out evenly."""
    learning_rates: tuple[PositiveFloat, ...] = Field((0.05,), min_length=1)
    """Of retraining; of several, runs take the one that ends best on the validation split (`tune_at`)."""
    sparsify_epochs: PositiveInt = 20
    """Methods that make the network sparse while it trains get so many epochs at most, on top of retraining."""

    trials: tuple[Trial, ...] = ()
    """Settings of methods with several values: runs take those that end best on the validation split (`tune_at`)."""
    tune_at: PositiveFloat | None = None
    """All runs of a method take what is best at this compression, on average over the seeds; None: each for itself."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = [name for name in self.methods if name not in PRESETS]
        if unknown:
            raise ValueError(f"methods: there is no preset `{unknown[0]}`; choose among {', '.join(PRESETS)}")
        for name in ("methods", "compressions", "seeds", "learning_rates"):
            values = getattr(self, name)
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise ValueError(f"{name}: {twice} is given twice; give each once")
        if any(value <= 1 for value in self.compressions):
            raise ValueError("compressions: a compression is dense over remaining parameters, more than 1")
        if self.tune_at is not None and self.tune_at not in self.compressions:
            told = ", ".join(f"{value:g}" for value in self.compressions)
            raise ValueError(f"tune_at: {self.tune_at:g} is no compression of this comparison; choose among {told}")
        return self

    @model_validator(mode="after")
    def _check_trials(self) -> Self:
        recipes = self._recipes()
        for method, recipe in recipes.items():
            deque(variants(method, recipe, self.trials), maxlen=0)  # each is validated
        for place, trial in enumerate(self.trials):
            again = next((other for other in self.trials[:place] if other.is_beside(trial)), None)
            if again is not None:
                raise ValueError(f"trials: `{again}` and `{trial}` set the same; give all values in one, after commas")
            if not any(trial.is_of(method, recipe) for method, recipe in recipes.items()):
                whose = "no method of this comparison" if trial.method is None else f"no `{trial.method}` here"
                raise ValueError(f"trials: {whose} has a setting `{trial.path}`")
        rivals = (len(self.candidates(cell, _SOME_STEPS)) for cell in self._first_cells)
        if self.tune_at is not None and max(rivals) == 1:
            raise ValueError("tune_at: no method has anything to choose; give several learning rates, or values to try")
        return self

    def _recipes(self) -> dict[str, Recipe]:
        """Of the first cell of every method."""
        return {cell.method: self.recipe(cell, self.learning_rates[0], _SOME_STEPS) for cell in self._first_cells}

    @property
    def _first_cells(self) -> tuple[Cell, ...]:
        return tuple(
            cell for cell in self.cells if (cell.compression, cell.seed) == (self.compressions[0], self.seeds[0])
        )

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Seed by seed, so that what is stopped early has every method; far targets last: they go on from near ones."""
        grid = product(self.seeds, sorted(self.compressions), self.methods)
        return tuple(Cell(method=method, compression=value, seed=seed) for seed, value, method in grid)

    @property
    def passes(self) -> int:
        """How often to go through the cells: once more where some wait for what others choose."""
        return 1 if self.tune_at is None else 2

    @property
    def data_name(self) -> str:
        """Of the dataset: a file's without its folder and, where that is no built-in dataset's name, its ending."""
        if self.data in BUILTIN_DATASETS:
            return self.data
        file = Path(self.data)
        return file.name if file.stem in BUILTIN_DATASETS else file.stem

    @property
    def conditions(self) -> str:
        """What all methods had in common, in sentences for a document."""
        rates = " or ".join(f"{rate:g}" for rate in self.learning_rates)
        split = "on the validation split"
        if self.tune_at is not None:
            split += f" at {self.tune_at:g}x, on average over the seeds, for all runs of a method"
        chosen = f", whichever ended best {split}," if len(self.learning_rates) > 1 else ","
        trials = ", ".join(f"`{trial}`" for trial in self.trials)
        seeds = f"{'Seed' if len(self.seeds) == 1 else 'Seeds'} {', '.join(map(str, self.seeds))}"
        tried = f" Tried, and chosen {split} (other tries are not counted): {trials}." if trials else ""
        return (
            f"{seeds}; every method gets the same dense network of a seed{self._early} and the same "
            f"retraining: {_count(self.retrain_epochs, 'epoch')} in a run{self._shares}, SGD with momentum, cosine "
            f"decay from {rates}{chosen} weight decay {_WEIGHT_DECAY:g}. {_IN_PLACE}{self._from_scratch} "
            f"Methods that sparsify while training get at most {_count(self.sparsify_epochs, 'epoch')} for that, and "
            "methods that prune step by step train between removals, both on top: the column *epochs* counts every "
            f"pass over the training data after the dense network.{tried}"
        )

    @property
    def _early(self) -> str:
        """What some methods get beside that network, in brackets."""
        if not any(PRESETS[name].recipe.dense is not None for name in self.methods):
            return ""
        return " (one that rewinds gets its early weights and learning rates too)"

    @property
    def _shares(self) -> str:
        """How the retraining of runs with several operating points differs, in brackets."""
        recipes = [recipe for recipe in self._recipes().values() if not _is_from_scratch(recipe)]
        shared = {item.retrain.epochs * item.prune.points for item in recipes if item.retrain.start.kind == "continue"}
        lowest, highest = min(shared, default=self.retrain_epochs), max(shared, default=self.retrain_epochs)
        parts = []
        if not lowest == highest == self.retrain_epochs:
            parts.append(f"{lowest} to {highest} where several operating points share them out in whole epochs")
        rounds = max((item.prune.points for item in recipes if item.retrain.start.kind != "continue"), default=1)
        if rounds > 1:
            parts.append(f"in each of {rounds} rounds where every round starts afresh")
        return f" ({'; '.join(parts)})" if parts else ""

    @property
    def _from_scratch(self) -> str:
        if not any(_is_from_scratch(PRESETS[name].recipe) for name in self.methods):
            return ""
        return (
            " Networks from scratch train as the dense network was trained: for as many epochs and with its learning "
            "rates, or in thinner networks for more epochs, with as many operations in all."
        )

    def order(self, seed: int) -> SampleOrder:
        """The training of a seed's dense network."""
        return SampleOrder(architecture=self.network, epochs=self.dense_epochs, seed=seed)

    def recipe(self, cell: Cell, learning_rate: float, per_epoch: int) -> Recipe:
        """The preset with this comparison's target and retraining; `per_epoch` is the mini-batches in an epoch.

        What belongs to a method stays: criterion, allocation, schedule, regularizer, and where retraining starts from.
        """
        preset, order = PRESETS[cell.method].recipe, self.order(cell.seed)
        retrain = self._retrain(preset, learning_rate)
        if _is_from_scratch(preset):
            retrain = retrain.model_copy(update=self._dense_training(order, per_epoch))
        changes: dict[str, object] = {
            "target": ParameterTarget(density=1 / cell.compression),
            "retrain": retrain,
            "data": _DATA,
            "seed": cell.seed,
        }
        if preset.retrain.start.kind == "continue":
            changes["distill"] = None  # else a student starts afresh: then its teacher is the method
        if preset.sparsify is not None:
            epochs = min(preset.sparsify.epochs, self.sparsify_epochs)
            changes["sparsify"] = preset.sparsify.model_copy(update={"epochs": epochs})
        if preset.dense is not None:
            changes["dense"] = self._dense(preset.dense, order, per_epoch)
        return Recipe.model_validate(preset.model_copy(update=changes).model_dump())

    def candidates(self, cell: Cell, per_epoch: int) -> Mapping[str, Recipe]:
        """All recipes of a cell, of which the validation split chooses, each by what sets it apart."""
        found = {}
        rates = self.learning_rates[:1] if _has_rates_of_its_own(PRESETS[cell.method].recipe) else self.learning_rates
        for rate in rates:
            own = (f"learning_rate={rate:g}",) if len(rates) > 1 else ()
            for settings, recipe in variants(cell.method, self.recipe(cell, rate, per_epoch), self.trials):
                found[", ".join((*own, *settings))] = recipe
        return found

    def same_methods(self, per_epoch: int) -> tuple[tuple[str, ...], ...]:
        """Methods whose recipes are the same in every cell: one experiment under several names."""
        by_prints: dict[tuple[str, ...], list[str]] = {}
        for method in self.methods:
            cells = (cell for cell in self.cells if cell.method == method)
            prints = (recipe.fingerprint() for cell in cells for recipe in self.candidates(cell, per_epoch).values())
            by_prints.setdefault(tuple(prints), []).append(method)
        return tuple(tuple(methods) for methods in by_prints.values() if len(methods) > 1)

    def _retrain(self, preset: Recipe, learning_rate: float) -> Retrain:
        """The same for all, but for where it starts and, where that is the method, its learning rates.

        Where every operating point starts afresh, nothing of earlier training stays: each gets all of it.
        """
        if preset.retrain.epochs == 0:
            return preset.retrain
        decay = "rewind" if preset.retrain.learning_rate_decay == "rewind" else "cosine"
        points = preset.prune.points if preset.retrain.start.kind == "continue" else 1
        same = {
            "epochs": max(1, round(self.retrain_epochs / points)),
            "optimizer": SgdOptimizer(learning_rate=learning_rate, weight_decay=_WEIGHT_DECAY),
            "learning_rate_decay": decay,
            "parts": "together",
        }
        return preset.retrain.model_copy(update=same)

    def _dense(self, preset: DenseTraining, order: SampleOrder, per_epoch: int) -> DenseTraining:
        """As the seed's dense network was trained, and the step of it whose weights methods go back to.

        Authors rewind to a step of a training far longer than that of a small network: here to a tenth of it at most,
        and to half of the retraining, which leaves out as many steps; to one that is recorded.
        """
        training = self._dense_training(order, per_epoch)
        last = min(training["epochs"] * per_epoch // 10, self.retrain_epochs * per_epoch // 2)
        step = min(preset.keep_step, last)
        return preset.model_copy(update=training | {"keep_step": step - step % STEPS_PER_RECORD})

    def _dense_training(self, order: SampleOrder, per_epoch: int) -> dict[str, Any]:
        return {
            "epochs": epochs_of(order, per_epoch),
            "optimizer": SgdOptimizer(learning_rate=HABITS[self.network].learning_rate, weight_decay=_WEIGHT_DECAY),
            "learning_rate_decay": "cosine",
            "learning_rate_warm_up": WARM_UP,
        }


def _is_from_scratch(preset: Recipe) -> bool:
    """Whether a method keeps an architecture alone; the rounds of a lottery ticket's control count as retraining."""
    return preset.retrain.start.kind == "reinitialize" and preset.dense is None


def _has_rates_of_its_own(preset: Recipe) -> bool:
    """Whether a method retrains with the dense training's learning rates, whatever the comparison's are."""
    return _is_from_scratch(preset) or preset.retrain.learning_rate_decay == "rewind"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

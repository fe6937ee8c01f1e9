"""What a comparison runs."""

from itertools import product
from typing import Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from backend.domain.comparison import Cell
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.retraining import Retrain, SgdOptimizer
from backend.domain.sampling import SampleArchitecture, SampleOrder
from backend.domain.spec import Spec
from backend.domain.targets import ParameterTarget


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
    """Of a whole run: a method with several operating points shares them out evenly."""
    learning_rate: PositiveFloat = 0.05

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = [name for name in self.methods if name not in PRESETS]
        if unknown:
            raise ValueError(f"methods: there is no preset `{unknown[0]}`; choose among {', '.join(PRESETS)}")
        if any(value <= 1 for value in self.compressions):
            raise ValueError("compressions: a compression is dense over remaining parameters, more than 1")
        return self

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Seed by seed, so that a comparison that is stopped early has every method."""
        grid = product(self.seeds, self.compressions, self.methods)
        return tuple(Cell(method=method, compression=value, seed=seed) for seed, value, method in grid)

    def order(self, seed: int) -> SampleOrder:
        """The training of a seed's dense network."""
        return SampleOrder(architecture=self.network, epochs=self.dense_epochs, seed=seed)

    def recipe(self, cell: Cell) -> Recipe:
        """The preset with this comparison's target, retraining and training between removals.

        What belongs to a method stays: criterion, allocation, schedule, regularizer, and where retraining starts from.
        """
        preset = PRESETS[cell.method].recipe
        epochs = max(1, round(self.retrain_epochs / preset.prune.points))
        common = Retrain(epochs=epochs, optimizer=SgdOptimizer(learning_rate=self.learning_rate, weight_decay=5e-4))
        same = {name: getattr(common, name) for name in ("epochs", "optimizer", "learning_rate_decay")}
        if preset.retrain.epochs == 0:
            same = {}
        changes = {
            "target": ParameterTarget(density=1 / cell.compression),
            "retrain": preset.retrain.model_copy(update=same),
            "distill": None,
            "seed": cell.seed,
        }
        return Recipe.model_validate(preset.model_copy(update=changes).model_dump())

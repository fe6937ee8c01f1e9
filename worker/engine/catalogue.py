"""All implementations, registered by importing them here: the engine's side of the recipe's catalogue."""

from worker.engine.allocations import ranking
from worker.engine.allocations.allocation import ALLOCATIONS
from worker.engine.costs import weighing
from worker.engine.costs.cost import COSTS
from worker.engine.criteria import (
    batch_norm_scale,
    fisher,
    geometric_median,
    learned,
    magnitude,
    random,
    taylor,
    taylor_squared,
)
from worker.engine.criteria.criterion import CRITERIA
from worker.engine.regularizers import batch_norm_l1, group_lasso, l0, l1_masks, sparse_group_lasso
from worker.engine.regularizers.regularizer import REGULARIZERS
from worker.engine.retraining.optimizers import OPTIMIZERS
from worker.engine.schedules import SCHEDULES

REGISTERED = (
    batch_norm_scale,
    fisher,
    geometric_median,
    learned,
    magnitude,
    random,
    taylor,
    taylor_squared,
    weighing,
    ranking,
    batch_norm_l1,
    group_lasso,
    sparse_group_lasso,
    l1_masks,
    l0,
)
"""Modules that register methods; the others define their axis and its methods in one file."""

__all__ = ["ALLOCATIONS", "COSTS", "CRITERIA", "OPTIMIZERS", "REGISTERED", "REGULARIZERS", "SCHEDULES"]

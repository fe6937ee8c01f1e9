"""All implementations, registered by importing them here: the engine's side of the recipe's catalogue."""

from worker.engine.allocations import ranking, weight_densities, weight_ranking
from worker.engine.allocations.allocation import ALLOCATIONS
from worker.engine.allocations.weight_allocation import WEIGHT_ALLOCATIONS
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
from worker.engine.criteria import obd as channel_obd
from worker.engine.criteria.criterion import CRITERIA
from worker.engine.regularizers import (
    batch_norm_l1,
    bayesian_compression,
    group_lasso,
    l0,
    l1_masks,
    sparse_group_lasso,
    targeted_dropout,
    variational_dropout,
)
from worker.engine.regularizers.regularizer import REGULARIZERS
from worker.engine.retraining.optimizers import OPTIMIZERS
from worker.engine.retraining.starts import STARTS
from worker.engine.schedules import SCHEDULES
from worker.engine.weight_criteria import fisher as weight_fisher
from worker.engine.weight_criteria import obd, obs, plain
from worker.engine.weight_criteria.criterion import WEIGHT_CRITERIA

REGISTERED = (
    batch_norm_scale,
    channel_obd,
    fisher,
    geometric_median,
    learned,
    magnitude,
    random,
    taylor,
    taylor_squared,
    weighing,
    ranking,
    weight_densities,
    weight_ranking,
    weight_fisher,
    obd,
    obs,
    plain,
    batch_norm_l1,
    group_lasso,
    sparse_group_lasso,
    l1_masks,
    l0,
    targeted_dropout,
    variational_dropout,
    bayesian_compression,
)
"""Modules that register methods; the others define their axis and its methods in one file."""

__all__ = [
    "ALLOCATIONS",
    "COSTS",
    "CRITERIA",
    "OPTIMIZERS",
    "REGISTERED",
    "REGULARIZERS",
    "SCHEDULES",
    "STARTS",
    "WEIGHT_ALLOCATIONS",
    "WEIGHT_CRITERIA",
]

"""What must hold before any training: the data fits the network, and the target can be reached."""

from backend.domain.absent import absence
from backend.domain.bounds import factored_layers, unknown_pins
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.fitting import class_misfit
from backend.domain.latencies import latency_misfit
from backend.domain.network import NetworkSummary
from backend.domain.reach import reach
from backend.domain.readability import unreadable
from backend.domain.recipe import Recipe
from backend.domain.regularizable import lack
from worker.engine.examples import Dataset
from worker.engine.feeding import Feed, feed, try_extremes
from worker.engine.network import Network
from worker.engine.network.inputs import further_outputs

_FEWEST_EXAMPLES = 2


def check_data(network: Network, dataset: Dataset) -> Feed:
    """The examples as the network takes them.

    Raises JobFailure(DATA_MISMATCH) unless they have its inputs, shapes and class count, and tokens that it knows.
    """
    fed = feed(network, dataset)
    misfit = class_misfit(network.graph.class_count, further_outputs(network), dataset.class_count)
    if misfit is not None:
        raise JobFailure(FailureCode.DATA_MISMATCH, misfit.detail, misfit.hint)
    if len(fed.train) < _FEWEST_EXAMPLES or not len(fed.test):
        raise JobFailure(
            FailureCode.DATA_MISMATCH,
            f"The dataset has {len(fed.train)} training and {len(fed.test)} test examples: "
            f"at least {_FEWEST_EXAMPLES} and 1 are needed.",
            "Choose a larger dataset.",
        )
    try_extremes(network, fed)
    return fed


def check_target(summary: NetworkSummary, recipe: Recipe) -> None:
    """Raise JobFailure(TARGET_UNREACHABLE), naming the nearest reachable point, if the recipe's limits forbid it.

    A pin or a factor that names no layer, a criterion that cannot score the network, a regularizer that has nothing to
    work on, and times of other layers than the network's are refused first (INVALID_RECIPE).
    """
    if not summary.groups and recipe.prune.granularity.kind == "channel":
        raise JobFailure(
            FailureCode.TARGET_UNREACHABLE,
            f"No channel of the network `{summary.architecture}` can be removed.",
            "Choose a network with at least one hidden layer.",
        )
    unknown = unknown_pins(summary, recipe.prune.pins)
    if unknown:
        raise JobFailure(FailureCode.INVALID_RECIPE, unknown[0].detail, "Correct prune.pins.")
    unknown = unknown_pins(summary, factored_layers(recipe.prune))
    if unknown:
        raise JobFailure(FailureCode.INVALID_RECIPE, unknown[0].detail, "Correct prune.allocation.layer_factors.")
    absent = absence(summary, recipe.prune)
    if absent:
        raise JobFailure(FailureCode.INVALID_RECIPE, absent.detail, absent.hint)
    missing = unreadable(summary, recipe.prune)
    if missing:
        raise JobFailure(FailureCode.INVALID_RECIPE, missing.detail, missing.hint)
    lacking = lack(summary, recipe.sparsify, recipe.prune.pins)
    if lacking:
        raise JobFailure(FailureCode.INVALID_RECIPE, lacking.detail, lacking.hint)
    misfit = latency_misfit(summary, recipe.latency)
    if misfit:
        raise JobFailure(FailureCode.INVALID_RECIPE, misfit.detail, misfit.hint)
    result = reach(summary, recipe)
    if not result.is_reachable:
        raise JobFailure(FailureCode.TARGET_UNREACHABLE, result.detail, result.hint)

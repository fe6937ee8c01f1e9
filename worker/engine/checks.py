"""What must hold before any training: the data fits the network, and the target can be reached."""

from backend.domain.bounds import unknown_pins
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import UNFIT_HINT, NetworkSummary
from backend.domain.reach import reach
from backend.domain.readability import unreadable
from backend.domain.recipe import Recipe
from backend.domain.regularizable import lack
from worker.engine.examples import Dataset
from worker.engine.network import Network

_FEWEST_EXAMPLES = 2


def check_data(network: Network, dataset: Dataset) -> None:
    """Raise JobFailure(DATA_MISMATCH) unless the examples have the network's input shape and class count."""
    expected = tuple(network.graph.input_shape)
    found = tuple(dataset.train.inputs.shape[1:])
    if found != expected:
        raise JobFailure(
            FailureCode.DATA_MISMATCH,
            f"The network takes inputs of shape {_shape(expected)}, but the dataset's examples are {_shape(found)}.",
            "Choose the dataset the network was trained on.",
        )
    if dataset.class_count != network.graph.class_count:
        raise JobFailure(
            FailureCode.DATA_MISMATCH,
            f"The network tells {network.graph.class_count} classes apart, but the dataset has {dataset.class_count}.",
            "Choose the dataset the network was trained on.",
        )
    if len(dataset.train) < _FEWEST_EXAMPLES or not len(dataset.test):
        raise JobFailure(
            FailureCode.DATA_MISMATCH,
            f"The dataset has {len(dataset.train)} training and {len(dataset.test)} test examples: "
            f"at least {_FEWEST_EXAMPLES} and 1 are needed.",
            "Choose a larger dataset.",
        )


def check_target(summary: NetworkSummary, recipe: Recipe) -> None:
    """Raise JobFailure(TARGET_UNREACHABLE), naming the nearest reachable point, if the recipe's limits forbid it.

    A network that no dataset can feed (DATA_MISMATCH), a pin that names no layer, a criterion that cannot score the
    network, and a regularizer that has nothing to work on are refused first (INVALID_RECIPE).
    """
    if summary.unfit_inputs:
        raise JobFailure(FailureCode.DATA_MISMATCH, summary.unfit_inputs, UNFIT_HINT)
    if not summary.groups and recipe.prune.granularity.kind == "channel":
        raise JobFailure(
            FailureCode.TARGET_UNREACHABLE,
            f"No channel of the network `{summary.architecture}` can be removed.",
            "Choose a network with at least one hidden layer.",
        )
    unknown = unknown_pins(summary, recipe.prune.pins)
    if unknown:
        raise JobFailure(FailureCode.INVALID_RECIPE, unknown[0].detail, "Correct prune.pins.")
    missing = unreadable(summary, recipe.prune)
    if missing:
        raise JobFailure(FailureCode.INVALID_RECIPE, missing.detail, missing.hint)
    lacking = lack(summary, recipe.sparsify)
    if lacking:
        raise JobFailure(FailureCode.INVALID_RECIPE, lacking.detail, lacking.hint)
    result = reach(summary, recipe)
    if not result.is_reachable:
        raise JobFailure(FailureCode.TARGET_UNREACHABLE, result.detail, result.hint)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)

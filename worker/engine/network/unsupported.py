"""Refusals of what a network cannot consist of: all operations at once, each with its place."""

from torch import fx

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.graph.evaluation import UnfitOperation
from worker.engine.graph.operations import TARGET_NAMES

_MOST_NAMED = 20
_REWRITE = "Rewrite the layer with standard operations, or choose an architecture of the zoo."
_STANDARD = "Replace them in the network by standard layers, and export it again."
_IN_TRAINING = "They draw random numbers, which networks do in training: export `model.eval()`, or leave them out."
_DRAWS = ("bernoulli", "exponential", "multinomial", "normal", "poisson", "rand", "uniform")
"""How the names of operations begin that draw random numbers."""
_PARAMETRIZED = (
    "Write down the weights that are worked out anew at each call, and export it again: "
    '`torch.nn.utils.parametrize.remove_parametrizations(layer, "weight")`.'
)
_FIXED_SIZES = "Keep every value and choose by `torch.where(mask, x, 0)` instead, so that all sizes are fixed."
_CONTROL_FLOW = frozenset({"associative_scan", "cond", "map_impl", "map", "scan", "while_loop"})


def refuse(detail: str, hint: str = _REWRITE) -> JobFailure:
    """The failure for a network that cannot be represented."""
    return JobFailure(FailureCode.UNKNOWN_ARCHITECTURE, detail, hint)


def refuse_unfit(error: UnfitOperation, batch: int) -> JobFailure:
    """The failure for an operation that cannot take what it is given in batches of this size."""
    named = f"`{error.node.target}` ({_at(error.node.place or f'`{error.node.name}`')})"
    if error.picks_by_mask:
        return JobFailure(
            FailureCode.UNSUPPORTED_OPERATION,
            f"How many values {named} gives depends on the data: it picks by a mask of booleans.",
            _FIXED_SIZES,
        )
    return refuse(f"The network cannot take batches of {batch}: {named} refuses what it is given: {error}")


def check_operations(graph: fx.Graph) -> None:
    """Raise one `JobFailure` (UNSUPPORTED_OPERATION) that names every operation beyond the allow-list."""
    unknown = [node for node in graph.nodes if node.op == "call_function" and node.target not in TARGET_NAMES]
    found = [_named(node) for node in unknown]
    found += [
        f"`{node.target}` (a part of the module that was not traced)"
        for node in graph.nodes
        if node.op not in ("call_function", "placeholder", "output", "get_attr")
    ]
    distinct = list(dict.fromkeys(found))
    if not distinct:
        return
    more = f" and {len(distinct) - _MOST_NAMED} more" if len(distinct) > _MOST_NAMED else ""
    raise JobFailure(
        FailureCode.UNSUPPORTED_OPERATION,
        f"The network uses operations that are not supported: {', '.join(distinct[:_MOST_NAMED])}{more}.",
        _what_to_do(unknown),
    )


def _what_to_do(unknown: list[fx.Node]) -> str:
    if unknown and all(_is_parametrization(node) for node in unknown):
        return _PARAMETRIZED
    draws = [str(node.target).removeprefix("aten.").startswith(_DRAWS) for node in unknown]
    return _IN_TRAINING if draws and all(draws) else _STANDARD


def _is_parametrization(node: fx.Node) -> bool:
    """Whether the operation works out a weight, such as weight or spectral norm does."""
    return ".parametrizations." in (node.meta.get("place") or "")


def _named(node: fx.Node) -> str:
    name = getattr(node.target, "__name__", str(node.target))
    is_aten = str(node.target).startswith("aten.")
    kind = "control flow, " if name in _CONTROL_FLOW else ""
    at = _at(node.meta.get("place") or f"`{node.name}`")
    return f"`{node.target if is_aten else name}` ({kind}{at})"


def _at(place: str) -> str:
    return place if place.startswith("in ") else f"at {place}"

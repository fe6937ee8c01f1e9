"""Why some operators are refused: a sentence for each kind, all nodes of a file named at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from worker.intake.onnx.model import OnnxNode, holds_graph
from worker.intake.onnx.operators import OPERATORS
from worker.intake.onnx.refusals import DOCUMENTED, quoted, unsupported

MAX_NAMED = 20
"""Nodes that one refusal lists by name."""
_QUANTIZED = "is quantized; export the network before quantization"
_CONTROL = "chooses what to compute while it runs; export a network without branches and loops on data"
_CONTAINER = "handles sequences, optional values or texts; only tensors of numbers are read"
_PICK = "picks the answer; export the network with the scores as its output"
_REASONS: Mapping[str, tuple[str, ...]] = {
    _QUANTIZED: (
        "QuantizeLinear",
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "QLinearConv",
        "QLinearMatMul",
        "ConvInteger",
        "MatMulInteger",
    ),
    _CONTROL: ("If", "Loop", "Scan"),
    _PICK: ("ArgMax", "ArgMin", "TopK", "NonMaxSuppression"),
}
_BY_OPERATOR = {operator: reason for reason, operators in _REASONS.items() for operator in operators}
_CONTAINERS = ("Sequence", "Optional", "String", "ConcatFromSequence", "SplitToSequence", "Tfidf", "RegexFullMatch")


def check_operators(nodes: Iterable[OnnxNode]) -> None:
    """Raise one `FileRefusal` (UNSUPPORTED_OPERATION) that names every node whose operator has no rule."""
    found: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        if node.operator not in OPERATORS or holds_graph(node):
            found[node.operator].append(node.place)
    if not found:
        return
    named = [f"{operator} at {_list(places)}{_because(operator)}" for operator, places in sorted(found.items())]
    raise unsupported(f"uses operators that are not supported: {'; '.join(named)}.", DOCUMENTED)


def _list(places: list[str]) -> str:
    shown = ", ".join(quoted(place) for place in places[:MAX_NAMED])
    return shown if len(places) <= MAX_NAMED else f"{shown} and {len(places) - MAX_NAMED} more"


def _because(operator: str) -> str:
    reason = _BY_OPERATOR.get(operator) or (_CONTAINER if operator.startswith(_CONTAINERS) else "")
    return f" ({reason})" if reason else ""

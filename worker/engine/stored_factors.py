"""Products of a stored parameter and an activation, as einsum or a product of matrices: layers without a module."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import Argument, Reference, TensorReference

_MATRICES: Mapping[str, tuple[str, str]] = {
    "matmul": ("self", "other"),
    "mm": ("self", "mat2"),
    "bmm": ("self", "mat2"),
    "addmm": ("mat1", "mat2"),
    "baddbmm": ("batch1", "batch2"),
}
_BATCH = "abcdefgh"
_MATRIX_AXES = 2


@dataclass(frozen=True)
class StoredFactor:
    """The parameter of such a product."""

    tensor: str
    outputs: tuple[int, ...]
    """Its axes that the result has from it alone: together they are the channels that it makes."""
    inputs: tuple[int, ...]
    """Its axes that are summed over."""


def stored_factor(step: Step, network: Network) -> StoredFactor | None:
    """The parameter that a node multiplies an activation by; None for other nodes, and where it makes no channels."""
    written = _einsum(step) if step.kind == "einsum" else _matrices(step, network)
    if written is None:
        return None
    factors, answer = written
    for (value, letters), (other, others) in (factors, factors[::-1]):
        if isinstance(value, TensorReference) and isinstance(other, Reference) and value.tensor in network.parameters:
            outputs = tuple(axis for axis, one in enumerate(letters) if one in answer and one not in others)
            inputs = tuple(axis for axis, one in enumerate(letters) if one not in answer)
            return StoredFactor(value.tensor, outputs, inputs) if outputs else None
    return None


_Written = tuple[tuple[tuple[Argument, str], tuple[Argument, str]], str]
"""Both factors with a letter for each axis, and the letters of the answer."""


def _einsum(step: Step) -> _Written | None:
    terms, _, answer = step.bound["equation"].replace(" ", "").partition("->")
    letters, values = terms.split(","), step.bound["tensors"]
    is_plain = all(len(set(term)) == len(term) for term in letters) and "." not in terms
    if len(values) != len(_MATRICES["matmul"]) or not answer or not is_plain:
        return None
    return ((values[0], letters[0]), (values[1], letters[1])), answer


def _matrices(step: Step, network: Network) -> _Written | None:
    names = _MATRICES.get(step.kind)
    if names is None:
        return None
    left, right = step.bound[names[0]], step.bound[names[1]]
    axes = [_axes(value, network) for value in (left, right)]
    if min(axes) < _MATRIX_AXES:
        return None
    batch = _BATCH[: max(axes) - _MATRIX_AXES]
    first, second = (batch[max(axes) - count :] for count in axes)
    return ((left, first + "mk"), (right, second + "kn")), batch + "mn"


def _axes(value: Argument, network: Network) -> int:
    if isinstance(value, TensorReference):
        return network.tensors[value.tensor].dim()
    return len(getattr(network.shapes[value.node], "shape", ())) if isinstance(value, Reference) else 0

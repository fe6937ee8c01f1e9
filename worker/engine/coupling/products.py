"""Products of two values: axes that are summed over end here, the others pass on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from worker.engine.coupling.elementwise import combine
from worker.engine.coupling.identities import Ids
from worker.engine.coupling.layers import Shape, varying_axes
from worker.engine.coupling.mixing import produced
from worker.engine.coupling.values import Layers, Note, Operation, Trace, Value, layer_name

BATCH = "abcdefgh"
"""Letters for the leading axes of a product of matrices."""
MATRIX_AXES = 2
_FACTORS = 2


@dataclass(frozen=True)
class Factor:
    """One factor of a product: a letter for every axis, and the ids it holds."""

    letters: str
    value: Value
    layers: Layers

    @classmethod
    def of(cls, trace: Trace, value: Value, letters: str) -> Self:
        """A value of the graph."""
        return cls(letters, value, trace.layers_of(value))

    def spans(self, letter: str) -> bool:
        """Whether the factor has several places along a letter's axis."""
        return letter in self.letters and self.value.shape[self.letters.index(letter)] > 1


@dataclass(frozen=True)
class _Piece:
    """The ids of one layer of a factor, laid out along all letters of the product."""

    factor: Factor
    ids: Ids
    letters: frozenset[str]
    """Letters along which the ids vary."""


@dataclass(frozen=True)
class _Product:
    """A product that is being traced."""

    trace: Trace
    operation: Operation
    factors: Sequence[Factor]
    answer: str
    """Letters of the answer's axes."""
    summed: str
    """Letters that are summed over."""

    @property
    def shared(self) -> frozenset[str]:
        """Letters along which the factors meet."""
        several = (letter for letter in self.answer if sum(letter in factor.letters for factor in self.factors) > 1)
        return frozenset(several) | frozenset(self.summed)


def matmul(trace: Trace, operation: Operation) -> Layers:
    """Products of matrices, one for each place of the leading axes."""
    left, right = operation.values()[-_FACTORS:]
    if min(len(left.shape), len(right.shape)) < MATRIX_AXES:
        trace.lock(operation, "multiplies them by a vector")
        return ()
    batch = BATCH[: max(len(left.shape), len(right.shape)) - MATRIX_AXES]
    factors = [
        Factor.of(trace, value, batch[len(batch) + MATRIX_AXES - len(value.shape) :] + last)
        for value, last in ((left, "mk"), (right, "kn"))
    ]
    return product(trace, operation, factors, batch + "mn")


def added_matmul(trace: Trace, operation: Operation) -> Layers:
    """`addmm` and `baddbmm`: a product of matrices, and what is added to it."""
    return added(trace, operation, operation.shape, matmul(trace, operation), operation.arguments["self"])


def added(trace: Trace, operation: Operation, shape: Shape, layers: Layers, other: Value) -> Layers:
    """Layers of an intermediate result to which a value is added."""
    operands = {"self": Value(shape, layers), "other": other}
    return combine(trace, replace(operation, arguments=operands, shapes=(shape,)))


def einsum(trace: Trace, operation: Operation) -> Layers:
    """Any product of two values that is written with letters."""
    terms, _, answer = operation.arguments["equation"].replace(" ", "").partition("->")
    letters, values = terms.split(","), operation.values()
    is_plain = all(len(set(term)) == len(term) for term in letters) and "." not in terms
    if len(values) != _FACTORS or not answer or not is_plain:
        trace.lock(operation, "has an equation for which there is no rule yet")
        return ()
    return product(trace, operation, [Factor.of(trace, *pair) for pair in zip(values, letters, strict=True)], answer)


def product(trace: Trace, operation: Operation, factors: Sequence[Factor], answer: str) -> Layers:
    """Ids of the product whose axes are `answer`; letters that are missing there are summed over.

    Ids that meet along the same letters are joined. What is summed over within heads ties each head.
    """
    letters = "".join(dict.fromkeys(letter for factor in factors for letter in factor.letters))
    made = _Product(trace, operation, factors, answer, "".join(letter for letter in letters if letter not in answer))
    _note_weights(made)
    pieces = [_piece(factor, ids, answer + made.summed) for factor in factors for ids in factor.layers]
    solved = [_solve(made, family) for family in _families(pieces, made.shared)]
    return tuple(ids.reshape(ids.shape[: len(answer)]) for ids in solved if ids is not None)


def _note_weights(made: _Product) -> None:
    """A stored factor is a layer: what it has alone of the answer's axes are channels that it makes."""
    for factor in made.factors:
        for axis, letter in enumerate(factor.letters):
            if letter in made.answer and letter not in made.shared:
                produced(made.trace, factor.value, axis)


def _piece(factor: Factor, ids: Ids, order: str) -> _Piece:
    """Axes in the order of the letters, with size 1 for those that the factor lacks."""
    present = [letter for letter in order if letter in factor.letters]
    turned = ids.transpose([factor.letters.index(letter) for letter in present])
    sizes = dict(zip(present, turned.shape, strict=True))
    laid = turned.reshape([sizes.get(letter, 1) for letter in order])
    return _Piece(factor, laid, frozenset(order[axis] for axis in varying_axes(laid)))


def _families(pieces: Iterable[_Piece], shared: frozenset[str]) -> list[list[_Piece]]:
    """Pieces that meet along a shared letter."""
    families: list[list[_Piece]] = []
    for piece in pieces:
        meets = [any(piece.letters & other.letters & shared for other in family) for family in families]
        met = [other for family, is_met in zip(families, meets, strict=True) if is_met for other in family]
        families = [family for family, is_met in zip(families, meets, strict=True) if not is_met]
        families.append([*met, piece])
    return families


def _solve(made: _Product, family: Sequence[_Piece]) -> Ids | None:
    """Join what meets, and return the ids that the answer holds of it."""
    heads = frozenset(letter for piece in family for letter in piece.letters & made.shared) - frozenset(made.summed)
    if heads:
        return _by_heads(made, family, heads)
    if any(piece.letters & made.shared for piece in family):
        _sum_up(made, family)
        return None
    return family[0].ids


def _by_heads(made: _Product, family: Sequence[_Piece], heads: frozenset[str]) -> Ids | None:
    """Whole heads: all that a place of the shared axes holds goes together; what all heads share stays."""
    trace, order = made.trace, made.answer + made.summed
    for piece in family:
        if not piece.letters & heads:
            trace.pin(made.operation, piece.ids, "needs them for every head")
    members = [piece for piece in family if piece.letters & heads]
    common = frozenset.intersection(*(piece.letters for piece in members)) & heads
    outside = [axis for axis, letter in enumerate(order) if letter not in common]
    first, *others = [_tied(trace, piece.ids, outside) for piece in members]
    for other in others:
        trace.ledger.join(first, other)
    meets_all = all(
        any(piece.factor is factor and letter in piece.letters for piece in members)
        for factor in made.factors
        for letter in common
        if factor.spans(letter)
    )
    if not common or not meets_all:
        trace.pin(made.operation, first, "combines them with what cannot be removed")
        return None
    if any(piece.letters - common for piece in members):
        trace.units.append(Note(first, "head"))
    return first


def _tied(trace: Trace, ids: Ids, axes: Iterable[int]) -> Ids:
    """Ids of which only what differs along the other axes can go."""
    first = ids
    for axis in axes:
        first = first.take([0], axis)
    if first.size < ids.size:
        trace.ledger.join(first, ids)
    return first


def _sum_up(made: _Product, family: Sequence[_Piece]) -> None:
    """Channels that are summed over: those of all factors are joined, and end here."""
    letters = frozenset(letter for piece in family for letter in piece.letters)
    is_met = all(
        any(piece.factor is factor and letter in piece.letters for piece in family)
        for letter in letters
        for factor in made.factors
        if factor.spans(letter)
    )
    if len(letters) > 1 or not is_met:
        for piece in family:
            made.trace.pin(made.operation, piece.ids, "sums over them together with what cannot be removed")
        return
    first, *others = family
    for other in others:
        made.trace.ledger.join(first.ids, other.ids)
    _read(made, first.ids, next(iter(letters)))


def _read(made: _Product, ids: Ids, letter: str) -> None:
    """One mask before the product is enough: on the first factor that the graph computes."""
    weights = [factor.value.tensor for factor in made.factors if factor.value.tensor is not None]
    layer = layer_name(weights[0]) if weights else None
    source = next((factor for factor in made.factors if factor.value.node is not None), None)
    if source is not None:
        made.trace.read(made.operation, source.value, source.letters.index(letter), layer)
    if not weights:
        made.trace.units.append(Note(ids, "head_dim"))

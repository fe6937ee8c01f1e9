"""Which classes a thinner network tells worse than the dense one: a mean over all of them can hide a few."""

from collections.abc import Sequence

from pydantic import NonNegativeFloat, NonNegativeInt

from backend.domain.reports import OperatingPoint
from backend.domain.spec import Spec

_MOST = 5


class ClassChange(Spec):
    """Test accuracy of one class in the dense network and in a thinner one, in [0, 1]."""

    label: NonNegativeInt
    dense_accuracy: NonNegativeFloat
    accuracy: NonNegativeFloat
    change: float
    """Thinner minus dense."""


def worst_changes(dense: OperatingPoint | None, point: OperatingPoint) -> Sequence[ClassChange]:
    """The classes that lost most accuracy, at most five, the worst first (Hooker et al. 2019, arXiv:1911.05248).

    Empty where accuracies by class were not recorded, and for the dense network itself.
    """
    before = dense.test_class_accuracies if dense is not None else None
    if not point.index or before is None or point.test_class_accuracies is None:
        return []
    pairs = enumerate(zip(before, point.test_class_accuracies, strict=True))
    changes = [
        ClassChange(label=label, dense_accuracy=old, accuracy=new, change=new - old)
        for label, (old, new) in pairs
        if old is not None and new is not None and new < old
    ]
    return sorted(changes, key=lambda item: item.change)[:_MOST]

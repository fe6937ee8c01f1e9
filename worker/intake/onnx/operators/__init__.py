"""Which ONNX operators are read, and by which rule; one file for each family."""

from worker.intake.onnx.call import Table
from worker.intake.onnx.operators import (
    activations,
    arithmetic,
    convolutions,
    indexing,
    matrices,
    movement,
    norms,
    pooling,
    recurrent,
    reductions,
    resizing,
    sizes,
)

_FAMILIES = (
    activations,
    arithmetic,
    convolutions,
    indexing,
    matrices,
    movement,
    norms,
    pooling,
    recurrent,
    reductions,
    resizing,
    sizes,
)
OPERATORS: Table = {name: rule for family in _FAMILIES for name, rule in family.OPERATORS.items()}
"""Rule by operator; whatever is not here is refused by name."""

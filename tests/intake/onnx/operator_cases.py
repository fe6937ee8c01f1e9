"""One small graph for each operator and each variation of its attributes."""

from tests.intake.onnx import cases_of_layers as layers
from tests.intake.onnx import cases_of_shapes as shapes

CASES = {
    **layers.ACTIVATIONS,
    **layers.ARITHMETIC,
    **layers.COMPARISONS,
    **layers.CONVOLUTIONS,
    **layers.MATRICES,
    **shapes.NORMS,
    **shapes.POOLS,
    **shapes.REDUCTIONS,
    **shapes.MOVEMENT,
    **shapes.INDEXING,
    **shapes.RESIZING,
}

"""Layers and activations that exporters take apart, put together again."""

from worker.intake.onnx.fusion import activations, biases, norms
from worker.intake.onnx.fusion.matching import Matcher
from worker.intake.onnx.program import Program

_PASSES = (
    (biases.bias, activations.hard_sigmoid, norms.layer_norm, norms.group_norm),
    (activations.product, activations.gelu, norms.affine),
    (norms.affine,),
)
"""Patterns that build on one another stand in later passes."""


def fuse(program: Program) -> None:
    """Rewrite the program in place: biases into layers, written-out norms and activations into single operations."""
    for patterns in _PASSES:
        program.drop_dead()
        match = Matcher(program)
        for step in program.steps.values():
            any(pattern(match, step) for pattern in patterns)
    program.drop_dead()

"""Biases that are added after a linear layer or a convolution."""

from worker.intake.onnx.fusion.matching import Matcher, rewrite
from worker.intake.onnx.program import Step

_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def bias(match: Matcher, step: Step) -> bool:
    """Put a vector that is added to each output channel into the layer."""
    if step.kind != "add":
        return False
    for source, vector in match.pairs(step):
        layer = match.step(source, "linear", *_CONVOLUTIONS)
        if layer is None or layer.args[2:3] not in ((), (None,)) or not match.is_read_once(layer):
            continue
        shape = match.program.shapes[layer.name]
        is_linear = layer.kind == "linear"
        width, trailing = (shape[-1], 0) if is_linear else (shape[1], len(shape) - 2)
        stored = match.vector(vector, width, trailing)
        if stored is not None and match.program.shapes[step.name] == shape:
            target = layer.target.removeprefix("aten.")
            return rewrite(step, target, *layer.args[:2], stored, *layer.args[3:], **layer.kwargs)
    return False

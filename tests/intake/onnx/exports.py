"""Networks as PyTorch's two exporters write them, each made once."""

import io
import warnings
from contextlib import redirect_stdout
from functools import cache

import torch

from tests.engine.constructs import BY_NAME

OLD_OPSET = 17


@cache
def exported(name, *, is_fixed=False, is_dynamo=False):
    """The ONNX file of a construct: with an open batch or one of size 1, by the old or the new exporter."""
    construct = BY_NAME[name]
    inputs = construct.inputs(1 if is_fixed else 2)
    names = [f"in{position}" for position in range(len(inputs))]
    buffer = io.BytesIO()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if is_dynamo:
            shapes = None if is_fixed else tuple({0: torch.export.Dim("batch")} for _ in names)
            options = {"dynamo": True, "external_data": False, "verbose": False, "dynamic_shapes": shapes}
        else:
            axes = None if is_fixed else {name: {0: "batch"} for name in names}
            options = {"dynamo": False, "opset_version": OLD_OPSET, "dynamic_axes": axes}
        torch.onnx.export(construct.module(), inputs, buffer, input_names=names, **options)
    return buffer.getvalue()

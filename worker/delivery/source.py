"""Readable plain PyTorch that builds exactly one network, with the names of its state dict."""

from textwrap import indent

from worker.delivery.forward import argument_names, write_forward
from worker.delivery.members import PART, needs_part, write_members
from worker.delivery.values import literal
from worker.engine.counting import count_macs, count_parameters
from worker.engine.examples import Scaling
from worker.engine.graph import Graph, Network
from worker.engine.graph.schema import DTYPES, FLOAT_NAMES
from worker.engine.network.raising import raised_nodes


def write_source(network: Network, scaling: Scaling) -> str:
    """Text of `model.py`: a class, its `forward`, `scale` for raw inputs, `load`, and a self-check.

    It imports torch and safetensors only.
    """
    raised = raised_nodes(network)
    return _TEMPLATE.format(
        title=network.graph.architecture,
        parameters=f"{count_parameters(network):,}",
        macs=f"{count_macs(network):,}",
        input_shape=literal(tuple(network.graph.input_shape)),
        class_count=network.graph.class_count,
        mean=literal(list(scaling.mean)),
        std=literal(list(scaling.std)),
        divisor=scaling.divisor,
        part=PART if needs_part(network, raised) else "",
        layers=indent(write_members(network, raised), " " * 8),
        inputs=_inputs(network.graph),
        outputs="Outputs" if len(network.graph.outputs) == 1 else "First output",
        examples=_examples(network.graph),
        first="" if len(network.graph.outputs) == 1 else "[0]",
        arguments=", ".join(f"{name}: Tensor" for name in argument_names(network.graph)),
        answer="Tensor" if len(network.graph.outputs) == 1 else "tuple[Tensor, ...]",
        forward=indent(write_forward(network, raised), " " * 8),
        dtype=network.float_type,
    )


def _examples(graph: Graph) -> str:
    """Source code of a batch of two zero examples for every input."""
    first = f"torch.zeros(2, *INPUT_SHAPE, dtype={DTYPES[graph.inputs[0].dtype]})"
    rest = [f"torch.zeros({literal((2, *info.shape))}, dtype=torch.{info.dtype})" for info in graph.inputs[1:]]
    return ", ".join([first, *rest])


def _inputs(graph: Graph) -> str:
    """What the network takes, in words."""
    first = graph.inputs[0]
    is_scaled = first.dtype in FLOAT_NAMES
    kind = "float tensors" if is_scaled else f"{first.dtype} tensors"
    text = f"{kind} of shape (N, *INPUT_SHAPE){', scaled by `scale`' if is_scaled else ''}"
    for info in graph.inputs[1:]:
        text += f", {info.dtype} tensors of shape (N, {', '.join(map(str, info.shape))})"
    return text


_TEMPLATE = '''"""{title}: {parameters} parameters, {macs} multiply-accumulate operations for one input.

Inputs: {inputs}. {outputs}: class scores (N, {class_count}).
Written by Secateur; needs torch and safetensors only.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

INPUT_SHAPE = {input_shape}
CLASS_COUNT = {class_count}
DIVISOR = {divisor}
MEAN = {mean}
STD = {std}


{part}class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
{layers}

    def forward(self, {arguments}) -> {answer}:
{forward}


def scale(stored: Tensor) -> Tensor:
    """Turn stored values (pixels) into inputs: `(stored / DIVISOR - MEAN) / STD` for each channel."""
    shape = (1, -1) + (1,) * (len(INPUT_SHAPE) - 1)
    mean, std = (torch.tensor(values, dtype=torch.float64).view(shape) for values in (MEAN, STD))
    factor, shift = 1.0 / (DIVISOR * std), -mean / std
    return torch.addcmul(shift.to({dtype}), stored.to({dtype}), factor.to({dtype}))


def load(path: str | Path = Path(__file__).with_name("model.safetensors")) -> Model:
    """The network with its trained weights, in evaluation mode."""
    model = Model().to({dtype})
    model.load_state_dict(load_file(path))
    return model.eval()


if __name__ == "__main__":
    model = load()
    scores = model({examples}){first}
    assert scores.shape == (2, CLASS_COUNT)
    print(model)
    print(f"{{sum(p.numel() for p in model.parameters()):,}} parameters")
'''

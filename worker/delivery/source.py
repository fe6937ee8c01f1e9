"""Readable plain PyTorch that builds exactly one network, with the names of its state dict."""

from dataclasses import dataclass
from textwrap import indent

from worker.delivery.forward import argument_names, write_forward
from worker.delivery.members import PART, needs_part, write_members
from worker.delivery.values import literal
from worker.engine.counting import count_macs, count_parameters
from worker.engine.graph import Network
from worker.engine.graph.schema import DTYPES
from worker.engine.network.raising import raised_nodes
from worker.engine.scaling import AsStored, ChannelScaling, Scaling


def write_source(network: Network, scaling: Scaling) -> str:
    """Text of `model.py`: a class, its `forward`, `scale` for raw inputs, `load`, and a self-check.

    It imports torch and safetensors only.
    """
    raised, graph = raised_nodes(network), network.graph
    is_alone = len(graph.outputs) == 1
    parts = _one_input(network, scaling) if _is_plain(scaling) else _inputs(network, scaling)
    return _TEMPLATE.format(
        title=graph.architecture,
        parameters=f"{count_parameters(network):,}",
        macs=f"{count_macs(network):,}",
        class_count=graph.class_count,
        part=PART if needs_part(network, raised) else "",
        layers=indent(write_members(network, raised), " " * 8),
        outputs="Outputs" if is_alone else "First output",
        first="" if is_alone else "[0]",
        arguments=", ".join(f"{name}: Tensor" for name in argument_names(graph)),
        answer="Tensor" if is_alone else "tuple[Tensor, ...]",
        forward=indent(write_forward(network, raised), " " * 8),
        dtype=network.float_type,
        inputs=parts.text,
        constants=parts.constants,
        scale=parts.scale,
        examples=parts.examples,
    )


@dataclass(frozen=True)
class _InputParts:
    """What a source says of the network's inputs."""

    text: str
    """What they are, in words."""
    constants: str
    scale: str
    """The function `scale`."""
    examples: str
    """Source code of a batch of two zero examples for every input."""


def _is_plain(scaling: Scaling) -> bool:
    return len(scaling.parts) == 1 and isinstance(scaling.parts[0], ChannelScaling)


def _one_input(network: Network, scaling: Scaling) -> _InputParts:
    """Of a network that takes scaled numbers and nothing else."""
    (part,) = scaling.parts
    if isinstance(part, AsStored):
        raise TypeError("whole numbers are not scaled")
    (info,) = network.graph.inputs
    return _InputParts(
        text="float tensors of shape (N, *INPUT_SHAPE), scaled by `scale`",
        constants=_ONE_INPUT.format(
            input_shape=literal(tuple(info.shape)),
            class_count=network.graph.class_count,
            mean=literal(list(part.mean)),
            std=literal(list(part.std)),
            divisor=part.divisor,
        ),
        scale=_SCALE_ONE.format(dtype=network.float_type),
        examples=f"torch.zeros(2, *INPUT_SHAPE, dtype={DTYPES[info.dtype]})",
    )


def _inputs(network: Network, scaling: Scaling) -> _InputParts:
    """Of a network that takes several inputs, or whole numbers."""
    names, infos = argument_names(network.graph), network.graph.inputs
    parts = dict(zip(names, scaling.parts, strict=True))
    floats = {name: part for name, part in parts.items() if isinstance(part, ChannelScaling)}
    rows = [
        f'    "{name}": ({part.divisor}, {literal(list(part.mean))}, {literal(list(part.std))}),'
        for name, part in floats.items()
    ]
    scaled = [
        f'_scale({name}, *SCALING["{name}"])' if isinstance(part, ChannelScaling) else f"{name}.to({DTYPES[part.type]})"
        for name, part in parts.items()
    ]
    shapes = ", ".join(f'"{name}": {literal(tuple(info.shape))}' for name, info in zip(names, infos, strict=True))
    told = [f"`{name}` {info.dtype} (N, *INPUT_SHAPES[{name!r}])" for name, info in zip(names, infos, strict=True)]
    return _InputParts(
        text=f"{', '.join(told)}, made by `scale`",
        constants=_INPUTS.format(
            shapes=shapes, class_count=network.graph.class_count, rows="\n".join(["", *rows, ""]) if rows else ""
        ),
        scale=_SCALE_INPUTS.format(
            arguments=", ".join(f"{name}: Tensor" for name in names),
            answer="Tensor" if len(names) == 1 else f"tuple[{', '.join(['Tensor'] * len(names))}]",
            scaled=", ".join(scaled),
            floats=_SCALE_FLOATS.format(dtype=network.float_type) if floats else "",
        ),
        examples=", ".join(
            f'torch.zeros(2, *INPUT_SHAPES["{name}"], dtype={DTYPES[info.dtype]})'
            for name, info in zip(names, infos, strict=True)
        ),
    )


_TEMPLATE = '''"""{title}: {parameters} parameters, {macs} multiply-accumulate operations for one input.

Inputs: {inputs}. {outputs}: class scores (N, {class_count}).
Written by Secateur; needs torch and safetensors only.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

{constants}


{part}class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
{layers}

    def forward(self, {arguments}) -> {answer}:
{forward}


{scale}


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

_ONE_INPUT = """INPUT_SHAPE = {input_shape}
CLASS_COUNT = {class_count}
DIVISOR = {divisor}
MEAN = {mean}
STD = {std}"""

_SCALE_ONE = '''def scale(stored: Tensor) -> Tensor:
    """Turn stored values (pixels) into inputs: `(stored / DIVISOR - MEAN) / STD` for each channel."""
    shape = (1, -1) + (1,) * (len(INPUT_SHAPE) - 1)
    mean, std = (torch.tensor(values, dtype=torch.float64).view(shape) for values in (MEAN, STD))
    factor, shift = 1.0 / (DIVISOR * std), -mean / std
    return torch.addcmul(shift.to({dtype}), stored.to({dtype}), factor.to({dtype}))'''

_INPUTS = '''INPUT_SHAPES = {{{shapes}}}
CLASS_COUNT = {class_count}
SCALING: dict[str, tuple[float, tuple[float, ...], tuple[float, ...]]] = {{{rows}}}
"""Divisor, mean and std by input; whole numbers are not scaled."""'''

_SCALE_INPUTS = '''def scale({arguments}) -> {answer}:
    """Turn stored values (pixels, tokens) into inputs."""
    return {scaled}{floats}'''

_SCALE_FLOATS = '''


def _scale(stored: Tensor, divisor: float, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """`(stored / divisor - mean) / std` for each channel."""
    shape = ((1, -1) + (1,) * (stored.dim() - 2))[: stored.dim()]
    center, width = (torch.tensor(values, dtype=torch.float64).view(shape) for values in (mean, std))
    factor, shift = 1.0 / (divisor * width), -center / width
    return torch.addcmul(shift.to({dtype}), stored.to({dtype}), factor.to({dtype}))'''

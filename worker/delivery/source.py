"""Readable plain PyTorch that builds exactly one network, with the names of its state dict."""

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from torch import nn

from worker.delivery.expressions import literal
from worker.delivery.forward import argument_names, is_attribute, write_forward
from worker.engine.counting import count_macs, count_parameters
from worker.engine.examples import Scaling
from worker.engine.graph import Network
from worker.engine.network.raising import Raised, raised_nodes


def write_source(network: Network, scaling: Scaling) -> str:
    """Text of `model.py`: a class, its `forward`, `scale` for raw inputs, `load`, and a self-check.

    It imports torch and safetensors only. Raises `ValueError` for a module path that plain containers cannot hold.
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
        layers=indent(_layers(network, raised), " " * 8),
        arguments=", ".join(f"{name}: Tensor" for name in argument_names(network.graph)),
        answer="Tensor" if len(network.graph.outputs) == 1 else "tuple[Tensor, ...]",
        forward=indent(write_forward(network.graph, raised), " " * 8),
        dtype=network.float_type,
    )


def _layers(network: Network, raised: Mapping[str, Raised]) -> str:
    """Statements that make the layers, nested as in the state dict, in its order."""
    modules = {item.path: item.module for item in raised.values()}
    order = [name.rpartition(".")[0] for name in network.tensors] + list(modules)
    tree: dict[str, Any] = {}
    for path in dict.fromkeys(path for path in order if path in modules):
        *parents, name = path.split(".")
        level = tree
        for parent in parents:
            level = level.setdefault(parent, {})
        level[name] = modules[path]
    lines = [_attach(name, _construct(content)) for name, content in tree.items()]
    return "\n".join(lines + _loose_tensors(network, raised))


def _attach(name: str, layer: str) -> str:
    if hasattr(nn.Module(), name):
        raise ValueError(f"a layer called `{name}` would hide a method of every module")
    return f"self.{name} = {layer}" if is_attribute(name) else f'self.add_module("{name}", {layer})'


def _construct(content: Any) -> str:
    """Source code of a module or of a dictionary of them."""
    if isinstance(content, nn.Module):
        return _module(content)
    container = nn.ModuleDict()
    for name in content:
        if hasattr(container, name):
            raise ValueError(f"a layer called `{name}` cannot live in a module dictionary")
    inner = "".join(f'    "{name}": {_nested(_construct(part))},\n' for name, part in content.items())
    return f"nn.ModuleDict({{\n{inner}}})"


def _nested(text: str) -> str:
    return text.replace("\n", "\n    ")


def _module(module: nn.Module) -> str:
    """A layer with the options that differ from the defaults."""
    if isinstance(module, nn.Dropout):
        return f"nn.Dropout({module.p})"
    if isinstance(module, nn.Linear):
        bias = "" if module.bias is not None else ", bias=False"
        return f"nn.Linear({module.in_features}, {module.out_features}{bias})"
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        return _convolution(module)
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        options = "" if module.affine else ", affine=False"
        options += f", eps={module.eps}, momentum={module.momentum}"
        return f"nn.{type(module).__name__}({module.num_features}{options.replace(', eps=1e-05, momentum=0.1', '')})"
    raise ValueError(f"{type(module).__name__} cannot be written")


def _convolution(module: nn.Conv1d | nn.Conv2d) -> str:
    options = {
        "stride": (_same(module.stride), 1),
        "padding": (_same(module.padding), 0),
        "dilation": (_same(module.dilation), 1),
        "groups": (module.groups, 1),
        "bias": (module.bias is not None, True),
    }
    rest = "".join(f", {key}={literal(value)}" for key, (value, default) in options.items() if value != default)
    sizes = f"{module.in_channels}, {module.out_channels}, {literal(_same(module.kernel_size))}"
    return f"nn.{type(module).__name__}({sizes}{rest})"


def _same(sizes: Any) -> Any:
    """One number where all axes agree."""
    return sizes[0] if isinstance(sizes, tuple) and len(set(sizes)) == 1 else sizes


def _loose_tensors(network: Network, raised: Mapping[str, Raised]) -> list[str]:
    """Parameters and buffers that belong to no layer."""
    held = {name for item in raised.values() for name in item.tensors.values()}
    lines = []
    for info in network.graph.tensors:
        if info.name not in held:
            path, _, attribute = info.name.rpartition(".")
            if path or not is_attribute(attribute):
                raise ValueError(f"`{info.name}` belongs to no standard layer")
            empty = f"torch.empty({literal(info.shape)}, dtype=torch.{info.dtype})"
            call = f"nn.Parameter({empty})" if info.kind == "parameter" else empty
            maker = "register_parameter" if info.kind == "parameter" else "register_buffer"
            lines.append(f'self.{maker}("{attribute}", {call})')
    return lines


_TEMPLATE = '''"""{title}: {parameters} parameters, {macs} multiply-accumulate operations for one input.

Inputs: float tensors of shape (N, *INPUT_SHAPE), scaled by `scale`. Outputs: class scores (N, {class_count}).
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


class Model(nn.Module):
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
    scores = model(torch.zeros(2, *INPUT_SHAPE, dtype={dtype}))
    assert scores.shape == (2, CLASS_COUNT)
    print(model)
    print(f"{{sum(p.numel() for p in model.parameters()):,}} parameters")
'''

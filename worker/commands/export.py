"""Write a network of your own as an exported program, which Secateur can prune."""

import importlib
import sys
from pathlib import Path

import click
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from backend.domain.errors import InvalidValue

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32")
EXAMPLES = 2
"""The batch that is traced first; a batch of one would be taken for a size that never changes."""
MAX_AXES = 8
FAILURES = (
    RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError, AssertionError, NotImplementedError
)  # fmt: skip
"""What tracing a network raises."""


@click.command("export")
@click.argument("target", metavar="MODULE:MAKER")
@click.option(
    "--example",
    "examples",
    required=True,
    multiple=True,
    metavar="SHAPE[:DTYPE]",
    help="One example with its batch axis, such as 1x3x224x224; once for every input.",
)
@click.option("--dtype", type=click.Choice(DTYPES), default="float32", show_default=True, help="Type of the examples.")
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def command(target: str, examples: tuple[str, ...], dtype: str, output: Path) -> None:
    """Write a network of your own as an exported program.

    MODULE:MAKER names an `nn.Module`, or a function or class that makes one, such as mymodule:make_model. Your code is
    run, on this machine.
    """
    if output.suffix != ".pt2" or not output.absolute().parent.is_dir():
        raise InvalidValue(f"`{output}` cannot be written: give the name of a `.pt2` file in an existing folder.")
    inputs = tuple(read_example(text, dtype) for text in examples)
    module = find_module(target).eval()
    program, note = trace(module, inputs)
    torch.export.save(program, output)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    click.echo(f"{output}: {type(module).__name__}, {parameters:,} parameters, {note}.")
    click.echo(f"Next: upload it in the browser, or run `secateur push {output}`.")


def read_example(text: str, dtype: str) -> Tensor:
    """A batch of random examples (zeros where they are integers) of a shape such as `1x3x224x224` or `1x16:int64`.

    Raises `InvalidValue`.
    """
    shape, _, own = text.partition(":")
    sizes = [int(size) if size.isdecimal() else 0 for size in shape.lower().split("x")]
    if min(sizes) < 1 or len(sizes) > MAX_AXES or (own or dtype) not in DTYPES:
        raise InvalidValue(
            f"`{text}` is no example: give a shape with the batch axis first, such as 1x3x224x224 or 1x16:int64.",
            hint=f"Types: {', '.join(DTYPES)}.",
        )
    chosen: torch.dtype = getattr(torch, own or dtype)
    full = (EXAMPLES, *sizes[1:])
    return torch.randn(full).to(chosen) if chosen.is_floating_point else torch.zeros(full, dtype=chosen)


def find_module(target: str) -> nn.Module:
    """The network that `module:maker` names, or makes; raises `InvalidValue` that says what is missing."""
    path, _, name = target.partition(":")
    if not path or not name:
        raise InvalidValue(
            f"`{target}` names no network.", hint="Write it as module:maker, such as mymodule:make_model."
        )
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: object = importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise InvalidValue(
            f"There is no Python module `{error.name}`.", hint="Run this where it can be found."
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise InvalidValue(f"`{path}` has no `{name}`.")
        found = getattr(found, part)
    made = found() if callable(found) and not isinstance(found, nn.Module) else found
    if not isinstance(made, nn.Module):
        raise InvalidValue(f"`{target}` is, or makes, {type(made).__name__}; a `torch.nn.Module` is needed.")
    return made


def trace(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[ExportedProgram, str]:
    """The exported program, with any batch size where that can be; and a phrase that says which.

    Raises `InvalidValue` when the network cannot be traced.
    """
    batch = Dim("batch")
    with torch.no_grad():
        try:
            open_batch = tuple({0: batch} for _ in inputs)
            return torch.export.export(module, inputs, dynamic_shapes=open_batch, strict=False), "any batch size"
        except FAILURES as error:
            reason = first_line(error)
        for count in (EXAMPLES, 1):
            try:
                program = torch.export.export(module, tuple(value[:count] for value in inputs), strict=False)
            except FAILURES:
                continue
            return program, f"batches of {count}, because it cannot be traced with any size ({reason})"
    shapes = ", ".join(str(tuple(value.shape)) for value in inputs)
    raise InvalidValue(f"The network cannot be exported with inputs of shape {shapes}: {reason}")


def first_line(error: Exception) -> str:
    """The first line of what an exception says."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

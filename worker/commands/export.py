"""Write a network of your own as an exported program, which Secateur can prune."""

import importlib
import io
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TypeVar

import click
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from backend.domain.errors import InvalidValue
from worker.files import require_writable

DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32")
EXAMPLES = 2
"""The batch that is traced first; a batch of one would be taken for a size that never changes."""
MAX_AXES = 8
DATA_DEPENDENT = "data-dependent"
"""What torch says where Python asks for the value of a tensor."""
ASKS = "it asks for values of its input while it runs, such as `if x.sum() > 0` or `int(x[0])`."
Made = TypeVar("Made")


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
@click.option("--verbose", is_flag=True, help="Show what PyTorch says meanwhile, and errors as your code raised them.")
def command(target: str, examples: tuple[str, ...], dtype: str, output: Path, *, verbose: bool) -> None:
    """Write a network of your own as an exported program.

    MODULE:MAKER names an `nn.Module`, or a function or class that makes one, such as mymodule:make_model. Your code is
    run, on this machine.
    """
    if output.suffix != ".pt2":
        raise InvalidValue(f"`{output}` cannot be written: give the name of a `.pt2` file.")
    require_writable(output)
    inputs = tuple(read_example(text, dtype) for text in examples)
    module = find_module(target, verbose=verbose).eval()
    with _quiet(verbose=verbose):
        program, note = trace(module, inputs, " and ".join(examples))
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
    try:
        return torch.randn(full).to(chosen) if chosen.is_floating_point else torch.zeros(full, dtype=chosen)
    except (RuntimeError, TypeError, OverflowError) as error:
        raise InvalidValue(f"{EXAMPLES} examples of `{text}` do not fit into memory.", hint="Give less.") from error


def find_module(target: str, *, verbose: bool = False) -> nn.Module:
    """The network that `module:maker` names, or makes; raises `InvalidValue` that says what is missing.

    What the author's code raises becomes a sentence, or is passed on as it is if `verbose`.
    """
    path, _, name = target.partition(":")
    if not path or not name:
        raise InvalidValue(
            f"`{target}` names no network.", hint="Write it as module:maker, such as mymodule:make_model."
        )
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found: object = _own_code(f"`{path}` cannot be imported", lambda: importlib.import_module(path), verbose=verbose)
    for part in name.split("."):
        if not hasattr(found, part):
            raise InvalidValue(f"`{path}` has no `{name}`.")
        found = getattr(found, part)
    if callable(found) and not isinstance(found, nn.Module):
        made: object = _own_code(
            f"`{target}` makes no network when it is called without arguments", found, verbose=verbose
        )
    else:
        made = found
    if not isinstance(made, nn.Module):
        raise InvalidValue(f"`{target}` is, or makes, {type(made).__name__}; a `torch.nn.Module` is needed.")
    return made


def _own_code(failed: str, run: Callable[[], Made], *, verbose: bool) -> Made:
    """The result of the author's code; whatever it raises becomes one sentence, unless it is to be seen whole."""
    try:
        return run()
    except ModuleNotFoundError as error:
        raise InvalidValue(
            f"There is no Python module `{error.name}`.", hint="Run this where it can be found."
        ) from error
    except Exception as error:
        if verbose:
            raise
        said = f"{type(error).__name__}: {first_line(error)}".rstrip(".")
        raise InvalidValue(f"{failed}: {said}.", hint="`--verbose` shows where.") from error


@contextmanager
def _quiet(*, verbose: bool) -> Iterator[None]:
    """Nothing that PyTorch prints, logs or warns of on its way is shown, unless it is asked for."""
    if verbose:
        yield
        return
    before, discarded = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(discarded), redirect_stderr(discarded):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def trace(module: nn.Module, inputs: tuple[Tensor, ...], given: str) -> tuple[ExportedProgram, str]:
    """The exported program, with any batch size where that can be; and a phrase that says which.

    `given` is what the user calls the inputs. Raises `InvalidValue` when the network cannot be traced.
    """
    batch = Dim("batch")
    with torch.no_grad():
        try:
            open_batch = tuple({0: batch} for _ in inputs)
            return torch.export.export(module, inputs, dynamic_shapes=open_batch, strict=False), "any batch size"
        except Exception as error:  # noqa: BLE001 - the author's code runs here, and may raise anything
            reason = first_line(error)
        for count in (EXAMPLES, 1):
            try:
                program = torch.export.export(module, tuple(value[:count] for value in inputs), strict=False)
            except Exception as error:  # noqa: BLE001
                last = first_line(error)
                continue
            return program, f"batches of {count}, because it cannot be traced with any size ({reason})"
    raise InvalidValue(
        f"The network cannot be exported with inputs of shape {given}, tried in batches of {EXAMPLES} and 1: "
        f"{ASKS if DATA_DEPENDENT in last else last}",
        hint="Choose by `torch.where` instead." if DATA_DEPENDENT in last else "",
    )


def first_line(error: Exception) -> str:
    """The first line of what an exception says."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

"""What goes into an exported program and what comes out: examples by the batch, tensors by name, answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.intake.exported_program.document import SAVE_AGAIN, Record, to_integer
from worker.intake.exported_program.expressions import Expression, NotAnExpression, parse_size
from worker.intake.exported_program.payloads import scalar_type
from worker.intake.refusals import FileRefusal, printable, rejected

DYNAMIC_BATCH = (
    'Export it with `torch.export.export(model.eval(), (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))`.'
)
MAX_INPUTS = 64
TENSOR_KINDS = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
"""Kinds of placeholders that stand for a tensor -> where its name is."""
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Buffers that a batch norm writes while it trains."""


STATELESS = "Keep state out of the network's forward pass."
"""What to do about answers that depend on what was written before."""


@dataclass(frozen=True)
class UserInput:
    """A tensor that the network is called with."""

    name: str
    shape: tuple[int, ...]
    """Of one example."""
    dtype: str
    example_batch: int
    """Examples in the batch that it was exported with."""
    is_dynamic: bool
    """Whether other batch sizes were declared to be possible."""


@dataclass(frozen=True)
class Signature:
    """Placeholders by name, and the names of the answers."""

    tensors: Mapping[str, str]
    """Tensor's name by placeholder."""
    constants: frozenset[str]
    """Names of tensors that tracing made, which are neither parameters nor buffers."""
    inputs: tuple[UserInput, ...]
    outputs: tuple[str, ...]
    written: frozenset[str] = frozenset()
    """Names of buffers that get new values, other than a batch norm's statistics."""


def read_signature(program: Record) -> Signature:
    """The program's signature; raises `FileRefusal` that names the input or output which cannot be used."""
    module = program.record("graph_module")
    values = module.record("graph").record("tensor_values")
    bounds = _read_bounds(program)
    tensors: dict[str, str] = {}
    constants: set[str] = set()
    inputs: list[UserInput] = []
    for spec in module.record("signature").records("input_specs"):
        kind, content = spec.variant()
        fields = Record(content, spec.place)
        if kind in TENSOR_KINDS:
            name = fields.text(TENSOR_KINDS[kind])
            tensors[fields.record("arg").text("name")] = name
            constants.update([name] if kind == "tensor_constant" else [])
        elif kind == "user_input":
            inputs.append(_read_input(fields.record("arg"), values, bounds))
        elif kind != "constant_input" or fields.record("value").get("as_none") is not True:
            raise _no_tensor(kind, fields)
    if not 0 < len(inputs) <= MAX_INPUTS:
        raise rejected(f"has {len(inputs)} inputs; between 1 and {MAX_INPUTS} tensors are needed.", SAVE_AGAIN)
    _check_batch(inputs)
    outputs, written = _read_outputs(module)
    return Signature(tensors, frozenset(constants), tuple(inputs), outputs, written)


def _read_bounds(program: Record) -> dict[str, int | None]:
    """Largest declared value of every symbol; None without one."""
    constraints = program.record("range_constraints").items()
    return {name: entry.get("max_val") if type(entry.get("max_val")) is int else None for name, entry in constraints}


def _read_input(argument: Record, values: Record, bounds: Mapping[str, int | None]) -> UserInput:
    kind, content = argument.variant()
    if kind != "as_tensor":
        raise _no_tensor(kind, argument)
    name = Record(content, argument.place).text("name")
    meta = values.record(name)
    sizes = [_read_size(entry) for entry in meta.records("sizes")]
    if not sizes:
        raise rejected(f"has an input, `{printable(name)}`, without a batch axis.", "Make it a constant of the module.")
    batch, example_batch = sizes[0]
    if batch is not None and not batch.is_symbol:
        raise rejected(f"has an input, `{printable(name)}`, whose first axis is not simply the batch.", DYNAMIC_BATCH)
    for axis, (size, _) in enumerate(sizes[1:], start=1):
        _check_fixed(name, axis, size, bounds)
    shape = tuple(example for _, example in sizes[1:])
    if min((example_batch, *shape)) < 1:
        raise rejected(f"has an input, `{printable(name)}`, with an empty axis.", SAVE_AGAIN)
    dtype = scalar_type(meta.integer("dtype"), f"an input, `{printable(name)}`,")
    return UserInput(name, shape, dtype, example_batch, batch is not None)


def _read_size(entry: Record) -> tuple[Expression | None, int]:
    """A size as a symbol (None where it is fixed) and its value in the example."""
    kind, content = entry.variant()
    if kind == "as_int":
        return None, to_integer(content, entry.place)
    fields = Record(content, entry.place)
    try:
        expression = parse_size(fields.text("expr_str"))
    except NotAnExpression as error:
        raise rejected(f"gives a size that is no arithmetic: {printable(str(error))}.", SAVE_AGAIN) from error
    hint = fields.get("hint")
    if hint is None:
        raise rejected("gives a size without the value that it had in the example.", SAVE_AGAIN)
    return expression, fields.record("hint").integer("as_int")


def _check_fixed(name: str, axis: int, size: Expression | None, bounds: Mapping[str, int | None]) -> None:
    """Axes beside the batch are taken as in the example where their sizes are bounded; otherwise nobody chose one."""
    if size is not None and any(bounds.get(symbol) is None for symbol in size.symbols()):
        raise rejected(
            f"leaves axis {axis} of its input `{printable(name)}` open without a bound; only the batch may vary.",
            "Export it with a fixed size there, or bound it: `torch.export.Dim(name, max=...)`.",
        )


def _check_batch(inputs: list[UserInput]) -> None:
    first = inputs[0]
    for other in inputs[1:]:
        if (other.example_batch, other.is_dynamic) != (first.example_batch, first.is_dynamic):
            raise rejected(
                f"has inputs whose first axes differ: `{printable(first.name)}` has {first.example_batch} examples, "
                f"`{printable(other.name)}` has {other.example_batch}.",
                "The first axis of every input must be the batch.",
            )


def _read_outputs(module: Record) -> tuple[tuple[str, ...], frozenset[str]]:
    """The answers, and the buffers that get new values with them."""
    names: list[str] = []
    written: set[str] = set()
    for spec in module.record("signature").records("output_specs"):
        kind, content = spec.variant()
        fields = Record(content, spec.place)
        if kind == "user_output":
            names += _read_answer(fields.record("arg"))
        elif kind != "buffer_mutation":
            raise _writes(kind, fields)
        elif not fields.text("buffer_name").endswith(STATISTICS):
            written.add(fields.text("buffer_name"))
    if not names:
        raise rejected("has no output.", "Export a network that returns class scores `(examples, classes)`.")
    return tuple(names), frozenset(written)


def _read_answer(argument: Record) -> list[str]:
    kind, content = argument.variant()
    if kind == "as_none":
        return []
    if kind != "as_tensor":
        raise rejected(
            f"returns something beside tensors ({printable(kind.removeprefix('as_'))}).",
            "Export a network that returns tensors, the class scores first.",
        )
    return [Record(content, argument.place).text("name")]


def _writes(kind: str, fields: Record) -> FileRefusal:
    names = (fields.get("parameter_name"), fields.get("user_input_name"))
    changed = next((name for name in names if isinstance(name, str)), None)
    if changed is None:
        return rejected(
            f"returns more than answers ({printable(kind)}).", "Export the network alone, without training."
        )
    return rejected(f"writes to `{printable(changed)}` while it runs.", STATELESS)


def _no_tensor(kind: str, fields: Record) -> FileRefusal:
    name = fields.get("name")
    shown = f"`{printable(name)}`" if isinstance(name, str) else "one"
    return rejected(
        f"has an input that is no tensor: {shown} ({printable(kind)}).",
        "Export a network that takes tensors only; make other values constants of the module.",
    )

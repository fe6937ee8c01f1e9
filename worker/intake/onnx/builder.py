"""Runs aten operations on what an ONNX graph holds: at once where the file fixes everything, else as a step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from worker.engine.graph.operations import OPERATIONS
from worker.engine.graph.schema import Reference, TensorReference
from worker.intake.onnx.model import OnnxNode
from worker.intake.onnx.names import is_given
from worker.intake.onnx.program import Program, Step, Stored
from worker.intake.onnx.refusals import damaged, quoted, unsupported
from worker.intake.onnx.values import Known, Live, Size, Value, Varying, is_uniform, known
from worker.intake.refusals import FileRefusal

MAX_FOLDED = 2**24
"""Elements of a constant that is computed here, unless it is made of a larger one."""
SHAPE_ERRORS = (RuntimeError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError, NotImplementedError)


class Builder:
    """Collects steps and tensors; every operation is run on shapes, for each of two batch sizes."""

    def __init__(self, batches: tuple[int, ...]) -> None:
        self.program = Program()
        self.batches = batches
        self.fixed_batch: int | None = None
        """The batch size that the file burned in; None where it left it open."""
        self.batch_source: str | None = None
        """Input from whose first axis the batch size is read."""
        self.notes: list[str] = []
        self.loosened: list[str] = []
        """Nodes in which a burned-in batch size was replaced."""
        self.node: OnnxNode | None = None
        self._keys: dict[tuple[Any, ...], str] = {}

    def add_input(self, name: str, shape: Sequence[int], dtype: torch.dtype) -> Live:
        """An input of the network, with the batch in front of `shape`."""
        self.batch_source = self.batch_source or name
        self.program.shapes[name] = torch.Size((self.batches[0], *shape))
        return Live(name, tuple(torch.empty((batch, *shape), dtype=dtype, device="meta") for batch in self.batches))

    def emit(self, target: str, *args: Any, **kwargs: Any) -> Any:
        """Apply `aten.<target>`; arguments may hold values, sizes that vary with the batch, numbers and lists.

        Returns a value, or a list of them. Raises `FileRefusal` when the shapes do not fit or are too large.
        """
        function = OPERATIONS[f"aten.{target}"]
        leaves = pytree.tree_leaves((args, kwargs))
        metas = [self._run(function, probe, _to_meta, (args, kwargs)) for probe in range(len(self.batches))]
        if any(isinstance(leaf, Live) for leaf in leaves):
            return self._record(f"aten.{target}", args, kwargs, metas)
        sources = [leaf for leaf in leaves if isinstance(leaf, Known)]
        self._check_folding(metas, sources)
        varies = any(not source.is_fixed for source in sources) or any(isinstance(leaf, Varying) for leaf in leaves)
        probes = range(len(self.batches)) if varies else range(1)
        results = [self._run(function, probe, _to_tensor, (args, kwargs)) for probe in probes]
        label = sources[0].label if len(sources) == 1 else None
        if isinstance(results[0], list | tuple):
            return [known(column, label) for column in zip(*results, strict=True)]
        return known(results, label)

    def zeros(self, sizes: Sequence[Size]) -> Live:
        """A step that makes zeros, such as the state with which a recurrent layer starts."""
        probes = range(len(self.batches))
        shapes = [[size.values[probe] if isinstance(size, Varying) else size for size in sizes] for probe in probes]
        metas = tuple(torch.empty(shape, device="meta") for shape in shapes)
        return Live(self.add_step("aten.zeros.default", ([self._argument(size) for size in sizes],)).node, metas)

    def fold(self, function: Callable[..., Tensor], *values: Value) -> Known:
        """Apply a function of tensors to values that the file fixes; refuses values that the input decides."""
        for value in values:
            if isinstance(value, Live):
                operator = self.node.operator if self.node else "an operator"
                raise unsupported(f"applies {operator} to values that depend on the input, at {self._where()}.")
        constants = [value for value in values if isinstance(value, Known)]
        probes = range(1) if all(value.is_fixed for value in constants) else range(len(self.batches))
        try:
            return known([function(*(value.at(probe) for value in constants)) for probe in probes])
        except SHAPE_ERRORS as error:
            raise self.misfit(error) from error

    def store(self, value: Known, *, is_parameter: bool | None = None) -> TensorReference:
        """Keep a fixed value as a tensor of the network; the same memory is kept once.

        Uniform tensors are never shared: exporters merge equal initializers, and zeros of different layers are no
        tie. Without `is_parameter`, what the file names like a parameter becomes one.
        """
        if not value.is_fixed:
            raise unsupported(f"needs a constant that depends on the batch size, at {self._where()}.")
        tensor = value.tensor
        if is_parameter is None:
            is_parameter = is_given(value.label) and tensor.is_floating_point() and tensor.dim() > 0
        place = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        if place in self._keys and not is_uniform(tensor):
            return TensorReference(self._keys[place])
        reference = self.program.add_tensor(Stored(tensor, value.label, is_parameter))
        self._keys[place] = reference.tensor
        return reference

    def add_step(self, target: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Reference:
        """Append a step whose arguments are encoded already."""
        name = f"%{len(self.program.steps)}"
        scope, place = (self.node.scope, self.node.place) if self.node else ("", "")
        self.program.steps[name] = Step(name, target, args, dict(kwargs or {}), scope, place)
        return Reference(name)

    def _record(self, target: str, args: tuple[Any, ...], kwargs: dict[str, Any], metas: list[Any]) -> Any:
        translated_args, translated_kwargs = pytree.tree_map(self._argument, (args, kwargs))
        step = self.add_step(target, translated_args, translated_kwargs).node
        if isinstance(metas[0], list | tuple):
            parts = enumerate(zip(*metas, strict=True))
            return [self._part(step, position, tuple(column)) for position, column in parts]
        self.program.shapes[step] = metas[0].shape
        return Live(step, tuple(metas))

    def _part(self, step: str, position: int, metas: tuple[Tensor, ...]) -> Live:
        name = self.add_step("operator.getitem", (Reference(step), position)).node
        self.program.shapes[name] = metas[0].shape
        return Live(name, metas)

    def _argument(self, leaf: Any) -> Any:
        if isinstance(leaf, Live):
            return Reference(leaf.step)
        if isinstance(leaf, Varying):
            return self._size(leaf)
        if isinstance(leaf, Known):
            return self.store(leaf) if leaf.is_fixed else self._spread(leaf)
        return leaf

    def _size(self, size: Varying) -> Reference:
        """A step that computes a number from the batch size."""
        (first, second), (low, high) = size.values[:2], self.batches[:2]
        factor, rest = divmod(second - first, high - low)
        offset = first - factor * low
        if rest or self.batch_source is None:
            raise unsupported(f"computes a size from the batch size that is no multiple of it, at {self._where()}.")
        reference = self.add_step("aten.sym_size.int", (Reference(self.batch_source), 0))
        if factor != 1:
            reference = self.add_step("operator.mul", (reference, factor))
        return self.add_step("operator.add", (reference, offset)) if offset else reference

    def _spread(self, value: Known) -> Reference:
        """A constant that repeats one row for every example, expanded from that row."""
        first, second = value.tensors[:2]
        axes = [axis for axis in range(first.dim()) if first.size(axis) != second.size(axis)]
        row = first.narrow(axes[0], 0, 1) if len(axes) == 1 and first.size(axes[0]) else first
        if not axes or not all(torch.equal(row.expand_as(tensor), tensor) for tensor in value.tensors):
            raise unsupported(f"needs a constant that depends on the batch size, at {self._where()}.")
        sizes: list[Any] = list(row.shape)
        sizes[axes[0]] = self._size(Varying(tuple(tensor.size(axes[0]) for tensor in value.tensors)))
        stored = self.store(Known((row.contiguous(),), value.label))
        return self.add_step("aten.expand.default", (stored, sizes))

    def _run(self, function: Callable[..., Any], probe: int, convert: Callable[[Any, int], Any], call: Any) -> Any:
        args, kwargs = pytree.tree_map(lambda leaf: convert(leaf, probe), call)
        try:
            with torch.no_grad():
                return function(*args, **kwargs)
        except SHAPE_ERRORS as error:
            raise self.misfit(error) from error

    def _check_folding(self, metas: list[Any], sources: list[Known]) -> None:
        allowed = max(MAX_FOLDED, *(2 * source.tensor.numel() for source in sources), 0)
        for tensor in pytree.tree_leaves(metas):
            if isinstance(tensor, Tensor) and tensor.numel() > allowed:
                raise unsupported(f"computes a constant of {tensor.numel()} numbers at {self._where()}.")

    def misfit(self, error: Exception) -> FileRefusal:
        """The refusal of a node whose inputs or attributes do not fit together; `error` says how."""
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        hint = "" if self.fixed_batch is None else f" (its batch size was fixed at {self.fixed_batch} and made free)"
        return damaged(
            f"cannot be read{hint}: the shapes or values at {self._where()} do not fit together: {reason.rstrip('.')}."
        )

    def _where(self) -> str:
        return f"{quoted(self.node.place)} ({self.node.operator})" if self.node else "the graph's end"


def _to_meta(leaf: Any, probe: int) -> Any:
    if isinstance(leaf, Live):
        return leaf.metas[probe]
    if isinstance(leaf, Known):
        return leaf.at(probe).to("meta")
    return leaf.values[probe] if isinstance(leaf, Varying) else leaf


def _to_tensor(leaf: Any, probe: int) -> Any:
    if isinstance(leaf, Known):
        return leaf.at(probe)
    return leaf.values[probe] if isinstance(leaf, Varying) else leaf

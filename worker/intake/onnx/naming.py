"""Gives every tensor of a finished program its state-dict name, so that layers can become modules of their own."""

from collections.abc import Mapping
from itertools import chain

import torch
from torch import nn

from worker.engine.graph.schema import TensorReference
from worker.intake.onnx.names import dotted, is_given, layer_path
from worker.intake.onnx.program import Program, Step

_CONVOLUTION = {1: "weight", 2: "bias"}
_ATTRIBUTES: Mapping[str, Mapping[int, str]] = {
    **{f"conv{axes}d": _CONVOLUTION for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": _CONVOLUTION for axes in (1, 2, 3)},
    "linear": _CONVOLUTION,
    "prelu": {1: "weight"},
    "batch_norm": {1: "weight", 2: "bias", 3: "running_mean", 4: "running_var"},
    "instance_norm": _CONVOLUTION,
    "layer_norm": {2: "weight", 3: "bias"},
    "group_norm": {2: "weight", 3: "bias"},
    "embedding": {0: "weight"},
}
"""Positions of the arguments that are a layer's tensors, and what its module calls them."""
_RECURRENT = {"lstm": 2, "gru": 2}
_STATISTICS = frozenset({"running_mean", "running_var"})
_RESERVED = frozenset(dir(nn.Module())) | frozenset(nn.Module().__dict__)


def name_tensors(program: Program) -> dict[str, str]:
    """State-dict name by key of each stored tensor; those of layers become parameters (statistics: buffers)."""
    namer = _Namer(program)
    for must_be_given in (True, False):  # places that the file names are taken first
        for step in program.steps.values():
            namer.name_layer(step, must_be_given=must_be_given)
    for step in program.steps.values():
        namer.name_others(step)
    return namer.names


def layer_tensors(step: Step) -> dict[str, str]:
    """Keys of a layer's stored tensors by what its module calls them; empty where the step is no layer."""
    if step.kind in _RECURRENT and len(step.args) > _RECURRENT[step.kind]:
        weights = step.args[_RECURRENT[step.kind]]
        per_direction = ["weight_ih_l0", "weight_hh_l0", *(["bias_ih_l0", "bias_hh_l0"] if step.args[3] else [])]
        names = [*per_direction, *(f"{name}_reverse" for name in per_direction)]
        pairs = list(zip(names, weights, strict=False))
    else:
        table = _ATTRIBUTES.get(step.kind, {})
        pairs = [(name, step.args[position]) for position, name in table.items() if position < len(step.args)]
    return {name: value.tensor for name, value in pairs if isinstance(value, TensorReference)}


class _Namer:
    """Hands out names that are unique and do not hide one another."""

    def __init__(self, program: Program) -> None:
        self.names: dict[str, str] = {}
        self._program = program
        self._taken: set[str] = set()
        """Names of tensors and of layers."""
        self._inner: set[str] = set()
        """Names that have something below them."""

    def name_layer(self, step: Step, *, must_be_given: bool) -> None:
        """Name all tensors of a layer together; a second use of the same layer shares them.

        With `must_be_given` only layers for which the file has a name.
        """
        tensors = {name: key for name, key in layer_tensors(step).items() if key not in self.names}
        if not tensors:
            return
        given = self._given_path(tensors)
        if must_be_given and not given:
            return
        path = self._free(given, dotted(step.scope), step.kind)
        for attribute, key in tensors.items():
            self.names[key] = f"{path}.{attribute}"
            stored = self._program.stored[key]
            stored.is_parameter = attribute not in _STATISTICS and stored.tensor.is_floating_point()
        self._take(path)

    def name_others(self, step: Step) -> None:
        """Name the tensors of a step that is no layer."""
        for key in step.tensors():
            if key in self.names:
                continue
            label = self._program.stored[key].label
            wanted = dotted(label) if label is not None and is_given(label) else ""
            wanted = wanted or ".".join(filter(None, [dotted(step.scope), "constant"]))
            self.names[key] = self._free(wanted)
            self._take(self.names[key])

    def _given_path(self, tensors: Mapping[str, str]) -> str:
        """Where a layer is by the names of its tensors; empty where they tell nothing."""
        labels = [(attribute, self._program.stored[key].label) for attribute, key in tensors.items()]
        given = [(attribute, label) for attribute, label in labels if label is not None and is_given(label)]
        paths = [layer_path(label, attribute) for attribute, label in given]
        whole = [dotted(label) for attribute, label in given if attribute == "weight"]
        return next((path for path in [*paths, *whole] if path), "")

    def _free(self, *wanted: str) -> str:
        """The first of some names where no tensor or layer is at it, above it or below it, if need be with a number."""
        bases = [".".join(f"{part}_" if part in _RESERVED else part for part in name.split(".")) for name in wanted]
        bases = [base for base in bases if base]
        numbers = range(1, len(self._taken) + len(self._inner) + 2)
        numbered = (f"{base}_{number}" for base in (bases[0], bases[0].replace(".", "_")) for number in numbers)
        return next(name for name in chain(bases, numbered) if self._is_free(name))

    def _is_free(self, name: str) -> bool:
        above = {name.rsplit(".", cut)[0] for cut in range(1, name.count(".") + 1)}
        return name not in self._taken and name not in self._inner and not above & self._taken

    def _take(self, name: str) -> None:
        self._taken.add(name)
        self._inner.update(name.rsplit(".", cut)[0] for cut in range(1, name.count(".") + 1))


def share_tables(program: Program) -> None:
    """Where a linear layer holds a copy of an embedding's table, as exporters write tied weights, share the table."""
    tables = {layer_tensors(step)["weight"] for step in program.steps.values() if step.kind == "embedding"}
    for step in program.steps.values():
        key = layer_tensors(step).get("weight") if step.kind == "linear" else None
        weight = None if key is None else program.stored[key].tensor
        for table in tables if weight is not None else ():
            stored = program.stored[table].tensor
            if weight is not None and weight.shape == stored.shape and torch.equal(weight, stored):
                step.args = tuple(_replaced(value, {str(key): table}) for value in step.args)


def share_vectors(program: Program) -> None:
    """Where two layers share their matrix, share equal vectors again that were told apart because they are uniform."""
    first_use: dict[tuple[str, str], Mapping[str, str]] = {}
    for step in program.steps.values():
        tensors = layer_tensors(step)
        main = tensors.get("weight") or tensors.get("weight_ih_l0")
        if main is None:
            continue
        earlier = first_use.setdefault((step.kind, main), tensors)
        same = {
            key: earlier[name]
            for name, key in tensors.items()
            if name in earlier and torch.equal(program.stored[key].tensor, program.stored[earlier[name]].tensor)
        }
        step.args = tuple(_replaced(value, same) for value in step.args)


def _replaced(value: object, keys: Mapping[str, str]) -> object:
    if isinstance(value, TensorReference):
        return TensorReference(keys.get(value.tensor, value.tensor))
    if isinstance(value, list | tuple):
        return [_replaced(item, keys) for item in value]
    return value

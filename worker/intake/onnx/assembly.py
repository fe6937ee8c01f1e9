"""From a finished program to a network: names that JSON, safetensors and torch's modules all take."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx

from backend.domain.errors import FailureCode
from backend.domain.fitting import input_name
from worker.engine.graph import Graph, Network, Node
from worker.engine.graph.schema import (
    DTYPE_NAMES,
    InputInfo,
    Reference,
    TensorReference,
    encode,
    tensor_info,
)
from worker.intake.onnx.inputs import OnnxInput
from worker.intake.onnx.naming import name_tensors, share_tables, share_vectors
from worker.intake.onnx.program import Program, Step
from worker.intake.onnx.refusals import quoted, unsupported
from worker.intake.refusals import FileRefusal, printable

MAX_PLACE = 500


def assemble(program: Program, inputs: Sequence[OnnxInput], class_count: int, architecture: str) -> Network:
    """The network of a program whose inputs bear the names of `inputs`; raises `FileRefusal` (NON_FINITE_WEIGHTS)."""
    share_tables(program)
    share_vectors(program)
    program.drop_dead()
    names = name_tensors(program)
    tensors = {names[key]: tensor for key, tensor in _own_memory(program).items()}
    is_parameter = {names[key]: stored.is_parameter for key, stored in program.stored.items()}
    for name, tensor in tensors.items():
        _check_finite(name, tensor, may_be_infinite=not is_parameter[name])
    results = _result_names(program, inputs)
    graph = Graph(
        architecture=architecture,
        inputs=tuple(
            InputInfo(name=results[item.name], shape=item.shape, dtype=DTYPE_NAMES[item.dtype]) for item in inputs
        ),
        class_count=class_count,
        outputs=tuple(dict.fromkeys(results[name] for name in program.outputs)),
        tensors=tuple(tensor_info(name, tensor, is_parameter=is_parameter[name]) for name, tensor in tensors.items()),
        nodes=tuple(_node(step, results, names) for step in program.steps.values()),
    )
    return Network(graph, tensors)


def _own_memory(program: Program) -> dict[str, Tensor]:
    """Contiguous tensors by key in the order of their use; no two share memory, none keeps more than it holds."""
    taken: set[int] = set()
    found = {}
    for key in dict.fromkeys(key for step in program.steps.values() for key in step.tensors()):
        tensor = program.stored[key].tensor
        storage = tensor.untyped_storage()
        if not tensor.is_contiguous() or storage.data_ptr() in taken or storage.nbytes() != tensor.nbytes:
            tensor = tensor.clone(memory_format=torch.contiguous_format)
        taken.add(tensor.untyped_storage().data_ptr())
        found[key] = tensor
    return found


def _result_names(program: Program, inputs: Sequence[OnnxInput]) -> dict[str, str]:
    """Names of inputs and steps as fx would give them: kinds of operations, numbered."""
    scratch = fx.Graph()
    wanted = {item.name: input_name(item.name) for item in inputs}
    if len(wanted) == 1:
        wanted = dict.fromkeys(wanted, "x")
    found = {name: scratch.placeholder(shown).name for name, shown in wanted.items()}
    for step in program.steps.values():
        found[step.name] = scratch.placeholder(step.kind.strip("_")).name
    return found


def _node(step: Step, results: Mapping[str, str], names: Mapping[str, str]) -> Node:
    def renamed(value: Any) -> Any:
        if isinstance(value, Reference):
            return Reference(results[value.node])
        if isinstance(value, TensorReference):
            return TensorReference(names[value.tensor])
        return [renamed(item) for item in value] if isinstance(value, list | tuple) else value

    try:
        return Node(
            name=results[step.name],
            target=step.target,
            args=tuple(encode(renamed(value)) for value in step.args),
            kwargs={key: encode(renamed(value)) for key, value in step.kwargs.items()},
            place=printable(step.place)[:MAX_PLACE] or None,
        )
    except ValueError as error:
        raise unsupported(f"holds a number that cannot be kept at {quoted(step.place)}: {error}.") from error


def _check_finite(name: str, tensor: Tensor, *, may_be_infinite: bool) -> None:
    """Constants such as masks may be infinite, weights may not; nothing may be NaN."""
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor.sum())):
        return  # a finite sum holds nothing else; one that is not may have grown too large
    wrong = torch.isnan(tensor) if may_be_infinite else ~torch.isfinite(tensor)
    count = int(wrong.sum())
    if count:
        raise FileRefusal(
            FailureCode.NON_FINITE_WEIGHTS,
            f"has {count} of {tensor.numel()} weights of {quoted(name)} that are not finite (NaN or infinite).",
            "The training that made it has diverged; upload an earlier checkpoint.",
        )

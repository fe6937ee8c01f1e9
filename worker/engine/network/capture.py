"""From an `nn.Module` to a network: trace once with `torch.export`, keep operations and tensors."""

import warnings

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from worker.engine.graph.network import Network
from worker.engine.network.draft import to_network
from worker.engine.network.program import draft_program
from worker.engine.network.unsupported import refuse

_EXAMPLE_BATCH = 2
_EXPORT_ERRORS = (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError, AssertionError)


def capture(module: nn.Module, example_inputs: tuple[Tensor, ...], architecture: str) -> Network:
    """Trace `module` on a batch of example inputs (their first axis is the batch) in evaluation mode.

    The module's mode is put back. Raises `JobFailure`: UNSUPPORTED_OPERATION with all operations that are not on the
    allow-list, UNKNOWN_ARCHITECTURE when the module cannot be traced or does not answer `(N, classes)` first.
    """
    _check_inputs(example_inputs)
    program = _export(module, example_inputs)
    return to_network(draft_program(program, list(module.state_dict())), architecture)


def zeros(module: nn.Module, *shapes: tuple[int, ...]) -> tuple[Tensor, ...]:
    """A batch of all-zero examples for each shape (without the batch axis), in the module's floating-point type."""
    parameter = next(module.parameters(), None)
    dtype = parameter.dtype if parameter is not None else torch.float32
    return tuple(torch.zeros((_EXAMPLE_BATCH, *shape), dtype=dtype) for shape in shapes)


def _check_inputs(example_inputs: tuple[Tensor, ...]) -> None:
    if not example_inputs:
        raise refuse("The network takes no inputs.")
    batches = {value.shape[0] if value.dim() else None for value in example_inputs}
    if None in batches or len(batches) > 1:
        shapes = ", ".join(f"`{number}` {tuple(value.shape)}" for number, value in enumerate(example_inputs))
        raise refuse(f"The first axis of every input must be the batch; the inputs are {shapes}.")


def _export(module: nn.Module, example_inputs: tuple[Tensor, ...]) -> ExportedProgram:
    was_training = module.training
    module.eval()
    examples = tuple(value[:1].repeat(_EXAMPLE_BATCH, *(1,) * (value.dim() - 1)) for value in example_inputs)
    batch = torch.export.Dim("batch")
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The tensor attribute", UserWarning)  # of recurrent layers, by themselves
            return torch.export.export(
                module, examples, dynamic_shapes=tuple({0: batch} for _ in examples), strict=False
            )
    except _EXPORT_ERRORS as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        shapes = ", ".join(str(tuple(value.shape)[1:]) for value in example_inputs)
        raise refuse(f"The network does not accept inputs of shape {shapes}: {reason}") from error
    finally:
        module.train(was_training)

"""Networks are trained and pruned in float32: programs in another floating-point type are brought there as a whole."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from worker.engine.graph import Node
from worker.engine.graph.schema import DTYPE_NAMES, DTYPES, InputInfo

SINGLE = "float32"


def own_type(tensors: Mapping[str, Tensor], parameters: frozenset[str]) -> str:
    """Name of the floating-point type that the parameters have (float32 where there is none)."""
    types = (tensor.dtype for name, tensor in tensors.items() if name in parameters and tensor.is_floating_point())
    return DTYPE_NAMES[next(types, torch.float32)]


def in_single(
    nodes: list[Node], inputs: tuple[InputInfo, ...], tensors: Mapping[str, Tensor], own: str
) -> tuple[list[Node], tuple[InputInfo, ...], dict[str, Tensor]]:
    """Nodes, inputs and tensors with float32 wherever the type `own` was."""
    if own == SINGLE:
        return nodes, inputs, dict(tensors)
    old = DTYPES[own]
    return (
        [
            node.model_copy(
                update={"args": tuple(_changed(list(node.args), own)), "kwargs": _changed(node.kwargs, own)}
            )
            for node in nodes
        ],
        tuple(info.model_copy(update={"dtype": SINGLE}) if info.dtype == own else info for info in inputs),
        {name: tensor.to(torch.float32) if tensor.dtype == old else tensor for name, tensor in tensors.items()},
    )


def _changed(value: Any, own: str) -> Any:
    """A stored argument with one type in place of another."""
    if value == {"dtype": own}:
        return {"dtype": SINGLE}
    if isinstance(value, list):
        return [_changed(item, own) for item in value]
    return {key: _changed(item, own) for key, item in value.items()} if isinstance(value, dict) else value

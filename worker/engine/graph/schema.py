"""The graph of a network as one frozen JSON value: nodes, tensors, inputs and outputs."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import torch
from pydantic import Field, JsonValue, PositiveInt, model_validator
from torch import Tensor

from backend.domain.spec import Spec

NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]{0,199}$"
TENSOR_NAME_PATTERN = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"
DTYPES: dict[str, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int64": torch.int64,
    "int32": torch.int32,
    "uint8": torch.uint8,
    "bool": torch.bool,
}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}
FLOAT_NAMES = frozenset(name for name, dtype in DTYPES.items() if dtype.is_floating_point)


DtypeName: TypeAlias = Literal["float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool"]


class InputInfo(Spec):
    """One input of the network; its first axis is the batch."""

    name: str = Field(pattern=NAME_PATTERN)
    """Name under which the nodes refer to it."""
    shape: tuple[PositiveInt, ...]
    """Shape of one example: channels, height, width (or features, or the length of a sequence)."""
    dtype: DtypeName


class TensorInfo(Spec):
    """A parameter or buffer by its state-dict name."""

    name: str = Field(pattern=TENSOR_NAME_PATTERN, max_length=512)
    kind: Literal["parameter", "buffer"]
    dtype: str
    shape: tuple[int, ...]


class Node(Spec):
    """One operation: an allow-listed target and its arguments as JSON.

    A reference is an object with one key: `{"node": name}` an earlier result, `{"tensor": name}` a tensor,
    `{"dtype": name}` a type, `{"float": "inf"}` a number that JSON lacks.
    """

    name: str = Field(pattern=NAME_PATTERN)
    target: str
    args: tuple[JsonValue, ...] = ()
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)
    place: str | None = Field(default=None, max_length=500)
    """Where the author's source asks for it, such as `resnet.py:92 in layer1.0.conv1`; for messages only."""


class Graph(Spec):
    """The operations of a network in the order of execution.

    The batch is the first axis of every input and every output; the first output is the class scores
    `(N, class_count)`, the others (auxiliary heads) are carried along. Version 1 had one input and one output.
    """

    schema_version: Literal[2] = 2
    architecture: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$")
    inputs: tuple[InputInfo, ...] = Field(min_length=1)
    class_count: PositiveInt
    outputs: tuple[Annotated[str, Field(pattern=NAME_PATTERN)], ...] = Field(min_length=1)
    tensors: tuple[TensorInfo, ...]
    nodes: tuple[Node, ...]

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, data: Any) -> Any:
        """Read version 1; a value that is neither version is left to the checks that follow."""
        if not isinstance(data, dict) or data.get("schema_version") != 1:
            return data
        rest = {key: value for key, value in data.items() if key not in ("input", "input_shape", "output")}
        types = [info.get("dtype") for info in data.get("tensors", ()) if isinstance(info, dict)]
        dtype = next((name for name in types if name in FLOAT_NAMES), "float32")
        source = {"name": data.get("input"), "shape": data.get("input_shape"), "dtype": dtype}
        return rest | {"schema_version": 2, "inputs": [source], "outputs": [data.get("output")]}

    @property
    def input(self) -> str:
        """Name of the first input."""
        return self.inputs[0].name

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example of the first input."""
        return self.inputs[0].shape

    @property
    def output(self) -> str:
        """Name of the node that gives the class scores."""
        return self.outputs[0]


@dataclass(frozen=True)
class Reference:
    """A decoded reference to an earlier node (or the input)."""

    node: str


@dataclass(frozen=True)
class TensorReference:
    """A decoded reference to a parameter or buffer."""

    tensor: str


Argument: TypeAlias = Any
"""A decoded argument: a reference, a number, string, dtype, None, or a list of these."""


def decode(value: JsonValue) -> Argument:
    """Decode one JSON argument into references, numbers, types and lists of them.

    Raises `ValueError` for an object that is not a known reference.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        kind, content = next(iter(value.items()))
        if isinstance(content, str):
            if kind == "node":
                return Reference(content)
            if kind == "tensor":
                return TensorReference(content)
            if kind == "dtype" and content in DTYPES:
                return DTYPES[content]
            if kind == "float" and content in ("inf", "-inf"):
                return float(content)
    raise ValueError(f"unknown argument {value!r}")


def encode(value: Argument) -> JsonValue:
    """Encode a decoded argument as JSON; raises `ValueError` for what the schema cannot say."""
    if isinstance(value, Reference):
        return {"node": value.node}
    if isinstance(value, TensorReference):
        return {"tensor": value.tensor}
    if isinstance(value, torch.dtype):
        return {"dtype": DTYPE_NAMES[value]}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"an argument of type {type(value).__name__} cannot be stored")


def references(value: Argument) -> list[str]:
    """Names of the earlier nodes that a decoded argument reads."""
    if isinstance(value, Reference):
        return [value.node]
    if isinstance(value, list | tuple):
        return [name for item in value for name in references(item)]
    return []


def tensor_info(name: str, tensor: Tensor, *, is_parameter: bool) -> TensorInfo:
    """Describe a tensor for the graph."""
    return TensorInfo(
        name=name,
        kind="parameter" if is_parameter else "buffer",
        dtype=DTYPE_NAMES[tensor.dtype],
        shape=tuple(tensor.shape),
    )


def tensor_names(node: Node) -> list[str]:
    """Names of the parameters and buffers that a node reads directly."""

    def names(value: Argument) -> list[str]:
        if isinstance(value, TensorReference):
            return [value.tensor]
        return [name for item in value for name in names(item)] if isinstance(value, list) else []

    return [name for value in (*node.args, *node.kwargs.values()) for name in names(decode(value))]

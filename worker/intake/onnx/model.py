"""An ONNX file as parsed and held to its bounds: its nodes, initializers, inputs and outputs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto
from torch import Tensor

from worker.intake.onnx.attributes import Attributes
from worker.intake.onnx.refusals import EXPORT_AGAIN, damaged, quoted, text, unsupported
from worker.intake.onnx.tensors import read_tensor

FIRST_OPSET, LAST_OPSET = 13, 22
FIRST_IR, LAST_IR = 3, 13
MAX_NODES = 50_000
MAX_INITIALIZERS = 50_000
MAX_INPUTS = 16
MAX_OUTPUTS = 16
MAX_NODE_VALUES = 4096
"""Inputs and outputs of one node."""
MAX_NAME = 1024
OWN_DOMAINS = ("", "ai.onnx")
_SOURCE_LINE = re.compile(r'File "([^"]{1,400})", line (\d{1,9})')
_LIBRARY = re.compile(r"[\\/](site-packages|dist-packages)[\\/]torch[\\/]|^<")
"""PyTorch's own files, and code that it generates."""
_GRAPH_KINDS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)


@dataclass(frozen=True)
class OnnxNode:
    """One node; an input that is left out has an empty name."""

    operator: str
    label: str
    """What messages call it: its name, or that of its first output."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes
    scope: str
    """Path of the module in the user's source, as far as the file tells; may be empty."""
    place: str
    """Label, and the line of the user's source where the file has it."""


@dataclass(frozen=True)
class OnnxModel:
    """The one graph of a file."""

    opset: int
    nodes: tuple[OnnxNode, ...]
    initializers: Mapping[str, Tensor]
    inputs: tuple[ValueInfoProto, ...]
    outputs: tuple[str, ...]


def parse(data: bytes) -> OnnxModel:
    """Parse a file that was read into memory; nothing else is opened.

    Raises `FileRefusal` that names what is wrong or not supported.
    """
    proto = ModelProto()
    try:
        proto.ParseFromString(data)
    except (DecodeError, ValueError, RuntimeError) as error:
        raise damaged("is cut short or damaged, or nests deeper than any network: it is no ONNX file.") from error
    if not proto.HasField("graph"):
        raise damaged("is cut short or no ONNX file: it holds no graph.")
    _check_versions(proto)
    _check_counts(proto.graph)
    nodes = tuple(_node(node, position) for position, node in enumerate(proto.graph.node))
    return OnnxModel(
        opset=_opset(proto),
        nodes=nodes,
        initializers=_initializers(proto.graph),
        inputs=tuple(proto.graph.input),
        outputs=tuple(text(info.name) for info in proto.graph.output),
    )


def _check_versions(proto: ModelProto) -> None:
    if not FIRST_IR <= proto.ir_version <= LAST_IR:
        raise unsupported(
            f"says it is of ONNX file version {proto.ir_version}; {FIRST_IR} to {LAST_IR} are read.", EXPORT_AGAIN
        )
    if proto.functions or any(node.domain not in OWN_DOMAINS for node in proto.graph.node):
        raise _foreign(proto)
    opset = _opset(proto)
    if not FIRST_OPSET <= opset <= LAST_OPSET:
        convert = "`onnx.version_converter.convert_version(onnx.load(path), 18)` converts most older files."
        raise unsupported(f"uses opset {opset}; {FIRST_OPSET} to {LAST_OPSET} are read.", f"{EXPORT_AGAIN} {convert}")


def _foreign(proto: ModelProto) -> Exception:
    nodes = [node for node in proto.graph.node if node.domain not in OWN_DOMAINS]
    shown = [
        f"{quoted(f'{text(node.domain)}.{text(node.op_type)}')} at {quoted(node.name or 'a node')}" for node in nodes
    ]
    functions = [quoted(f"{text(function.domain)}.{text(function.name)}") for function in proto.functions]
    what = f"operators of its own: {', '.join(shown[:20])}" if shown else f"functions: {', '.join(functions[:20])}"
    return unsupported(
        f"uses {what}. Only ONNX's standard operators are read.",
        "Export it again without custom operators and functions; nothing of the file was run.",
    )


def _opset(proto: ModelProto) -> int:
    versions = {entry.version for entry in proto.opset_import if entry.domain in OWN_DOMAINS}
    if len(versions) != 1:
        raise damaged(f"names {len(versions)} versions of ONNX's operators instead of one.")
    return int(versions.pop())


def _check_counts(graph: GraphProto) -> None:
    bounds = (
        ("nodes", len(graph.node), MAX_NODES),
        ("initializers", len(graph.initializer), MAX_INITIALIZERS),
        ("inputs", len(graph.input), MAX_INPUTS + len(graph.initializer)),
        ("outputs", len(graph.output), MAX_OUTPUTS),
    )
    for what, count, most in bounds:
        if count > most:
            raise unsupported(f"holds {count} {what}; at most {most} are read.", EXPORT_AGAIN)
    if not graph.node or not graph.output:
        raise damaged("holds a graph without nodes or without outputs.")
    if graph.sparse_initializer:
        names = [quoted(sparse.values.name) for sparse in graph.sparse_initializer]
        raise unsupported(f"holds sparse initializers ({', '.join(names[:5])}).", "Store the weights densely.")


def _initializers(graph: GraphProto) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for proto in graph.initializer:
        name = text(proto.name)
        if name in found or not name or len(name) > MAX_NAME:
            raise damaged(f"holds the initializer {quoted(name)} twice, or one without a usable name.")
        found[name] = read_tensor(proto, f"the initializer {quoted(proto.name)}")
    return found


def _node(proto: NodeProto, position: int) -> OnnxNode:
    inputs, outputs = tuple(map(text, proto.input)), tuple(map(text, proto.output))
    label = text(proto.name) or next(filter(None, outputs), f"node {position}")
    names = [*inputs, *outputs]
    if len(names) > MAX_NODE_VALUES or any(len(name) > MAX_NAME for name in names):
        raise damaged(f"holds the node {quoted(label)} with more or longer names than any network needs.")
    attributes: dict[str, AttributeProto] = {}
    for attribute in proto.attribute:
        if text(attribute.name) in attributes or attribute.ref_attr_name:
            raise damaged(f"states the attribute {quoted(attribute.name)} of {quoted(label)} twice or by reference.")
        attributes[text(attribute.name)] = AttributeProto()  # a copy, which does not keep the whole file in memory
        attributes[text(attribute.name)].CopyFrom(attribute)
    metadata = {text(entry.key): text(entry.value) for entry in proto.metadata_props}
    return OnnxNode(
        operator=text(proto.op_type),
        label=label,
        inputs=inputs,
        outputs=outputs,
        attributes=Attributes(label, attributes),
        scope=_scope(text(proto.name), metadata.get("pkg.torch.onnx.name_scopes", "")),
        place=_place(label, metadata.get("pkg.torch.onnx.stack_trace", "")),
    )


def holds_graph(node: OnnxNode) -> bool:
    """Whether a node carries graphs of its own (branches, loops)."""
    return any(attribute.type in _GRAPH_KINDS for attribute in node.attributes.protos.values())


def _scope(name: str, scopes: str) -> str:
    """Module path from torch's list of scopes (`['', 'layer1', 'layer1.0', 'conv2d']`), or from a name with slashes."""
    listed = re.findall(r"'([^']*)'", scopes)
    if len(listed) > 1:
        return str(listed[-2])
    return _join(name.strip("/").split("/")[:-1])


def _join(parts: Sequence[str]) -> str:
    """`layer1/layer1.0/conv1` is `layer1.0.conv1`: the old exporter repeats the name of a list in its items."""
    path: list[str] = []
    for part in parts:
        if path and part.startswith(f"{path[-1]}."):
            path[-1] = part
        elif part:
            path.append(part)
    return ".".join(path)


def _place(label: str, trace: str) -> str:
    """The innermost line of the user's own source, when the exporter noted it."""
    lines = [(file, line) for file, line in _SOURCE_LINE.findall(trace) if not _LIBRARY.search(file)]
    if not lines:
        return label
    file, line = lines[-1]
    return f"{label} ({file.replace(chr(92), '/').rpartition('/')[2]}:{line})"

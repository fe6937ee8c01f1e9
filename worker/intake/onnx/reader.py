"""From the bytes of an ONNX file to a network: parse, apply the rule of every node, fuse, name the tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from worker.engine.graph import Network
from worker.intake.mixing import check_apart
from worker.intake.onnx.assembly import assemble
from worker.intake.onnx.builder import SHAPE_ERRORS, Builder
from worker.intake.onnx.call import Call
from worker.intake.onnx.fusion import fuse
from worker.intake.onnx.independence import check_independence
from worker.intake.onnx.inputs import OnnxInput, probed_batches, read_inputs
from worker.intake.onnx.model import OnnxModel, OnnxNode, parse
from worker.intake.onnx.operators import OPERATORS
from worker.intake.onnx.order import check_order
from worker.intake.onnx.outputs import alive_nodes, cut_picks, order_outputs
from worker.intake.onnx.refusals import damaged, quoted
from worker.intake.onnx.unsupported import check_operators
from worker.intake.onnx.values import Value, known

ARCHITECTURE = "onnx"
"""What a network is called whose file tells no architecture."""


@dataclass(frozen=True)
class OnnxReading:
    """A network, and what a user should know of how it was read."""

    network: Network
    notes: tuple[str, ...]
    """Whole sentences, such as `The batch size was fixed at 1; it is free now.`"""


def read_onnx(data: bytes, architecture: str = ARCHITECTURE) -> OnnxReading:
    """Read an ONNX file (opset 13 to 22, one file) that is in memory; nothing of it is run.

    Raises `FileRefusal`: REJECTED_FILE (damaged), UNSUPPORTED_OPERATION (names all nodes that are not supported),
    NON_FINITE_WEIGHTS.
    """
    model = parse(data)
    check_order(model)
    outputs, notes = cut_picks(model)
    nodes = alive_nodes(model, outputs)
    check_operators(nodes)
    inputs, left_out = read_inputs(model, nodes)
    builder = Builder(probed_batches(inputs))
    builder.fixed_batch = inputs[0].batch
    values = _run(builder, model, nodes, inputs)
    scores, ordered = order_outputs(builder, values, outputs)
    builder.program.outputs = ordered
    fuse(builder.program)
    network = assemble(builder.program, inputs, scores, architecture)
    if builder.fixed_batch is not None:
        notes = [*notes, f"The batch size was fixed at {builder.fixed_batch}; it is free now."]
        if builder.loosened:
            check_independence(network, builder.loosened)
    check_apart(network)
    return OnnxReading(network, (*notes, *left_out, *builder.notes))


def _run(
    builder: Builder, model: OnnxModel, nodes: Sequence[OnnxNode], inputs: Sequence[OnnxInput]
) -> dict[str, Value]:
    """The value of every name in the graph."""
    values: dict[str, Value] = {name: _initializer(name, tensor) for name, tensor in model.initializers.items()}
    read = {name for node in nodes for name in node.inputs}
    for item in sorted(inputs, key=lambda item: item.name not in read):  # the batch size is that of one that is used
        values[item.name] = builder.add_input(item.name, item.shape, item.dtype)
    for node in nodes:
        builder.node = node
        results = _apply(builder, model.opset, node, values)
        values |= {name: value for name, value in zip(node.outputs, results, strict=False) if name}
    builder.node = None
    return values


def _initializer(name: str, tensor: Tensor) -> Value:
    return known([tensor], name)


def _apply(builder: Builder, opset: int, node: OnnxNode, values: dict[str, Value]) -> Sequence[Value]:
    missing = next((name for name in node.inputs if name and name not in values), None)
    if missing is not None:
        raise damaged(f"reads {quoted(missing)} at {quoted(node.label)}, which the node before it does not give.")
    call = Call(builder, node, opset, [values[name] if name else None for name in node.inputs])
    try:
        results = OPERATORS[node.operator](call)
    except SHAPE_ERRORS as error:
        raise builder.misfit(error) from error
    return results if isinstance(results, Sequence) else [results]

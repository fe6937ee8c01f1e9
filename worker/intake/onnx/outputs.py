"""The outputs of an ONNX graph: which nodes they need, and which of them is the class scores."""

from collections.abc import Mapping, Sequence

from worker.engine.graph.schema import Reference
from worker.intake.onnx.builder import Builder
from worker.intake.onnx.model import OnnxModel, OnnxNode
from worker.intake.onnx.refusals import damaged, quoted, unsupported
from worker.intake.onnx.values import Live, Value

_PICKS = frozenset({"ArgMax", "TopK"})
_AFTER_PICKS = frozenset({"Cast", "Identity", "Squeeze", "Unsqueeze", "Reshape", "Gather"})


def cut_picks(model: OnnxModel) -> tuple[list[str], list[str]]:
    """The outputs without a last step that only picks the best class, and a note for each that was cut."""
    makers = {name: node for node in model.nodes for name in node.outputs}
    outputs, notes = [], []
    for name in model.outputs:
        pick = _pick_behind(makers, name)
        if pick is None:
            outputs.append(name)
            continue
        outputs.append(pick.inputs[0])
        notes.append(
            f"The output {quoted(name)} picks the best class ({pick.operator}); the scores before it are used."
        )
    return list(dict.fromkeys(outputs)), notes


def _pick_behind(makers: Mapping[str, OnnxNode], name: str) -> OnnxNode | None:
    """The node that picks, when nothing but casts and the like comes after it."""
    for _ in range(len(makers)):
        node = makers.get(name)
        if node is None or not node.inputs:
            return None
        if node.operator in _PICKS:
            return node
        if node.operator not in _AFTER_PICKS:
            return None
        name = node.inputs[0]
    return None


def alive_nodes(model: OnnxModel, outputs: Sequence[str]) -> list[OnnxNode]:
    """The nodes that the outputs need, in the file's order."""
    needed = set(outputs)
    alive = []
    for node in reversed(model.nodes):
        if needed.intersection(node.outputs):
            alive.append(node)
            needed.update(node.inputs)
    return alive[::-1]


def order_outputs(builder: Builder, values: Mapping[str, Value], outputs: Sequence[str]) -> tuple[int, list[str]]:
    """The number of classes, and the steps that make the outputs: the first scores (N, C), then the others.

    Raises `FileRefusal` that names an output whose first axis is not the batch.
    """
    steps: dict[str, Live] = {}
    for name in outputs:
        value = values.get(name)
        if not isinstance(value, Live):
            reason = "does not depend on the input" if name in values else "is made by no node"
            raise damaged(f"has the output {quoted(name)}, which {reason}.")
        if any(meta.shape[:1] != (batch,) for meta, batch in zip(value.metas, builder.batches, strict=True)):
            raise unsupported(
                f"has the output {quoted(name)} of shape {_shown(value, builder)}: its first axis must be the batch.",
                "Export the network with class scores (N, classes) as its first output and nothing without a batch.",
            )
        steps[name] = value
    scores = [name for name, value in steps.items() if value.meta.dim() == 2 and value.meta.is_floating_point()]
    if not scores:
        shapes = ", ".join(f"{quoted(name)} {_shown(value, builder)}" for name, value in steps.items())
        raise unsupported(
            f"has no output of class scores (N, classes); its outputs are {shapes}.",
            "Export the network together with its classification head.",
        )
    if scores[0] != outputs[0]:
        builder.notes.append(f"The output {quoted(scores[0])} is taken as the class scores.")
    ordered = [scores[0], *(name for name in steps if name != scores[0])]
    return steps[scores[0]].meta.size(1), [_made(builder, steps[name]) for name in ordered]


def _shown(value: Live, builder: Builder) -> str:
    sizes = zip(*(meta.shape for meta in value.metas), strict=True)
    shown = ["N" if column == builder.batches else str(column[0]) for column in sizes]
    return f"({', '.join(shown)})"


def _made(builder: Builder, value: Live) -> str:
    """The step that makes an output; an input that is handed on gets one."""
    if value.step in builder.program.steps:
        return value.step
    return builder.add_step("aten.alias.default", (Reference(value.step),)).node

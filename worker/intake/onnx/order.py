"""Every name of an ONNX graph is made once, and before anything reads it: also where no output needs it."""

from worker.intake.onnx.model import OnnxModel
from worker.intake.onnx.refusals import damaged, quoted, text


def check_order(model: OnnxModel) -> None:
    """Raise `FileRefusal` that names the node which reads what does not exist yet, or makes what exists already."""
    made = {"", *model.initializers, *(text(info.name) for info in model.inputs)}
    for node in model.nodes:
        missing = next((name for name in node.inputs if name not in made), None)
        if missing is not None:
            raise damaged(f"reads {quoted(missing)} at {quoted(node.label)}, which nothing before it makes.")
        for name in filter(None, node.outputs):
            if name in made:
                raise damaged(f"makes {quoted(name)} twice; {quoted(node.label)} is the second.")
            made.add(name)

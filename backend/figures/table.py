"""Every figure of a run by the name that the API uses."""

from collections.abc import Callable, Mapping

from plotly.graph_objects import Figure

from backend.figures.accuracy import draw_accuracy
from backend.figures.architecture import draw_architecture
from backend.figures.calibration import draw_calibration
from backend.figures.gate_gradients import draw_layer_gradients
from backend.figures.gates import draw_gates
from backend.figures.information import draw_information
from backend.figures.instability import draw_instability
from backend.figures.loss import draw_loss
from backend.figures.scores import draw_scores
from backend.figures.view import RunView
from backend.figures.widths import draw_widths


def _draw_step(view: RunView) -> Figure:
    """The network at the step that the view asks for, or at the last one."""
    if view.network is None:
        return Figure()
    steps = [step for step in view.report.delivered_steps if view.step is None or step.step <= view.step]
    if not steps or view.step == 0:
        return draw_architecture(view.network)
    widths = {layer.name: width for layer, width in zip(view.report.layout.layers, steps[-1].widths, strict=True)}
    return draw_architecture(view.network, widths)


FIGURES: Mapping[str, Callable[[RunView], Figure]] = {
    "accuracy": lambda view: draw_accuracy(view.report, view.x),
    "widths": lambda view: draw_widths(view.report),
    "architecture": _draw_step,
    "loss": lambda view: draw_loss(view.report),
    "scores": lambda view: draw_scores(view.report),
    "gates": lambda view: draw_gates(view.report, view.layer),
    "gate-gradients": lambda view: draw_layer_gradients(view.report),
    "information": lambda view: draw_information(view.report),
    "instability": lambda view: draw_instability(view.report, view.removals),
    "calibration": lambda view: draw_calibration(view.report),
}
"""Step 0 of the architecture is the dense network."""

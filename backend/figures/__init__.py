"""Floor 1: pure functions from reports to plotly figures; the browser themes them, so no figure carries a template."""

from backend.figures.architecture import draw_architecture
from backend.figures.table import FIGURES
from backend.figures.view import RunView, SizeAxis
from backend.figures.wire import to_wire

__all__ = ["FIGURES", "RunView", "SizeAxis", "draw_architecture", "to_wire"]

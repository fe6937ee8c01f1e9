"""What accuracy is drawn against: sizes of operating points, with their titles."""

import math
from collections.abc import Callable, Collection, Mapping

import plotly.graph_objects as go

from backend.domain import metrics
from backend.domain.granularities import GranularityKind
from backend.domain.reports import OperatingPoint, RunLayout
from backend.figures.view import SizeAxis

_TITLES: Mapping[SizeAxis, str] = {
    "sparsity": "{units} removed (%)",
    "macs": "MACs kept (%)",
    "parameters": "Parameters kept (%)",
    "compression": "Compression (dense / kept)",
}
UNITS: Mapping[GranularityKind, str] = {"channel": "channels", "unstructured": "weights"}
"""What one decision removes, in the plural."""
_SHARES = {"tickformat": ".0%", "autorangeoptions": {"clipmin": -0.03, "clipmax": 1.03}}
"""A share lies in [0, 1]; with a little room for the markers at its ends."""
_DOUBLINGS = {"type": "log", "dtick": math.log10(2), "tickformat": "~g", "ticksuffix": "x"}
SIZES: Mapping[SizeAxis, Callable[[OperatingPoint, RunLayout], float]] = {
    "sparsity": lambda point, _: point.sparsity,
    "macs": lambda point, layout: metrics.density(point.macs, layout.dense_macs),
    "parameters": lambda point, layout: metrics.density(point.parameters, layout.dense_parameters),
    "compression": lambda point, layout: point.compression_ratio(layout),
}


def lay_out_sizes(figure: go.Figure, x: SizeAxis, granularities: Collection[GranularityKind]) -> None:
    """Draw accuracy in [0, 1] against a size; from left to right networks get smaller.

    Compression is drawn by its logarithm, with a line wherever it doubles.
    """
    units = " or ".join(noun for kind, noun in UNITS.items() if kind in granularities) or UNITS["channel"]
    figure.update_layout(
        xaxis={
            "title": {"text": _TITLES[x].format(units=units.capitalize())},
            **(_DOUBLINGS if x == "compression" else _SHARES),
        },
        yaxis={"title": {"text": "Accuracy (%)"}, "tickformat": ".1%"},
        hovermode="closest",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    if x in ("macs", "parameters"):
        figure.update_xaxes(autorange="reversed")

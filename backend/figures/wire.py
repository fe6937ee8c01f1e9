"""A figure as the JSON that leaves the server: without plotly's default template, which the browser replaces."""

import json
from typing import cast

from plotly.graph_objects import Figure
from pydantic import JsonValue


def to_wire(figure: Figure) -> dict[str, JsonValue]:
    """`{"data": [...], "layout": {...}}`, ready for `Plotly.react`; the figure itself is left alone."""
    content = cast("dict[str, JsonValue]", json.loads(figure.to_json()))
    layout = content.get("layout")
    if isinstance(layout, dict):
        layout.pop("template", None)
    return {"data": content.get("data", []), "layout": layout or {}}

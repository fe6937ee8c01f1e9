"""A comparison as a web page that needs nothing else."""

import math
import re
from collections.abc import Collection, Iterable
from html import escape
from pathlib import Path

from backend.domain.comparison import Comparison
from backend.figures.comparison import draw_comparison
from worker.bench.report import cell_of, notes_of, table_of


def write_page(comparison: Comparison, baselines: Collection[str], file: Path) -> None:
    """Write figure, table and what all runs had in common."""
    heads, rows = table_of(comparison)
    figure = draw_comparison(comparison, baselines)
    figure.update_layout(
        template="plotly_white",
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        legend={"orientation": "h", "y": -0.2},
        margin={"l": 56, "r": 16, "t": 24},
        modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": "#868e96"},
        height=720,
    )
    title = f"{comparison.network} on {comparison.data}"
    cells = [
        _html_row("td", [f"<code>{escape(method)}</code>{mark}", *map(escape, texts)]) for method, mark, texts in rows
    ]
    dense = cell_of(comparison.dense_test_accuracy())
    texts = [comparison.conditions, f"Dense: {dense}.", *notes_of(comparison, rows)]
    before, after = (map(_html_text, part) for part in (texts[:2], texts[2:]))
    has_more = any(math.log10(error) > figure.layout.yaxis.range[0] for trace in figure.data for error in trace.y)
    more = "Some methods lie below the figure, at lower accuracies: double-click it to see all."
    below = _html_text(more) if has_more else ""
    drawn = figure.to_html(full_html=False, include_plotlyjs=True, config={"responsive": True, "displaylogo": False})
    table = f"<div class=wide><table>{_html_row('th', heads)}{''.join(cells)}</table></div>"
    body = "\n".join([f"<h1>Pruning methods: {escape(title)}</h1>", *before, drawn, below, table, *after])
    file.write_text(_PAGE.format(title=escape(title), body=body), encoding="utf-8")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Pruning methods: {title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #212529; }}
h1 {{ font-size: 1.5rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.875rem; }}
td, th {{ padding: 0.25rem 0.75rem; border-bottom: 1px solid #dee2e6; text-align: right; white-space: nowrap; }}
td:first-child, th:first-child {{ text-align: left; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #1a1b1e; color: #e9ecef; }}
  td, th {{ border-color: #495057; }}
  .cartesianlayer text, .infolayer text {{ fill: #e9ecef !important; }}
  .gridlayer path {{ stroke: #495057 !important; }}
}}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def _html_row(tag: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _html_text(text: str) -> str:
    """A paragraph of what documents write in Markdown: `*names*` of columns and settings in backquotes."""
    text = re.sub(r"\*(\w+)\*", r"<em>\1</em>", escape(text))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return f"<p>{text}</p>"

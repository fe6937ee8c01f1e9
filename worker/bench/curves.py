"""Accuracy against compression for documents: a panel for each family of methods, mean with range over seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from backend.domain.comparison import Comparison, Spread
from backend.domain.presets import PRESETS
from backend.figures import error_axis, palette
from backend.figures.error_axis import error_of
from worker.bench.paper import INK, page

_MARKERS = "osDPX^v<"
"""Marker shapes in the order of `palette.SYMBOLS`."""
_COLUMNS = 2
_PANEL_HEIGHT, _LINE = 3.0, 0.2
"""Inches."""
_LEGEND_COLUMNS, _BASELINE_COLUMNS, _NOTES = 2, 4, 5
"""The last: lines of text above the baselines' legend."""
_DODGE = 0.2
"""How far curves are moved apart, in steps from one compression to the next, so that their ranges can be seen."""


@dataclass(frozen=True)
class Curve:
    """One method: what it reached at each compression."""

    name: str
    points: Mapping[float, Spread]
    """By the compression that was asked for."""
    is_baseline: bool = False
    keeps_shapes: bool = False
    """Its savings are zeros: drawn with hollow markers."""
    reached: Mapping[float, float] | None = None
    """What it came to, by the compression that was asked for; None: that."""

    def at(self, compression: float) -> float:
        """Where a point is drawn."""
        return compression if self.reached is None else self.reached.get(compression, compression)


@dataclass(frozen=True)
class Panel:
    """Methods that are drawn into one field."""

    title: str
    curves: Sequence[Curve]


def panels_of(comparison: Comparison) -> tuple[Panel, ...]:
    """The methods of a comparison by family, variants of a family together; without methods that have no result."""
    families: dict[str, list[Curve]] = {}
    for method in (name for name in PRESETS if name in comparison.methods):
        found = {value: comparison.test_accuracy(method, value) for value in comparison.compressions}
        points = {value: spread for value, spread in found.items() if spread is not None}
        if points:
            preset = PRESETS[method]
            keeps_shapes = preset.recipe.prune.granularity.kind == "unstructured"
            means = {value: comparison.reached(method, value) for value in points}
            reached = {value: spread.mean for value, spread in means.items() if spread is not None}
            curve = Curve(method, points, preset.is_baseline, keeps_shapes, reached)
            families.setdefault(preset.family.partition(",")[0], []).append(curve)
    return tuple(Panel(title, curves) for title, curves in families.items())


def write_curves(panels: Sequence[Panel], dense: Spread | None, file: Path) -> None:
    """Draw accuracy in [0, 1] against compression into an SVG or PNG file, by its ending."""
    shown = [sum(not curve.is_baseline for curve in panel.curves) for panel in panels]
    baselines = sum(len(panel.curves) for panel in panels) - sum(shown)
    legend = math.ceil(max(shown, default=0) / _LEGEND_COLUMNS)
    rows = max(1, math.ceil(sum(map(bool, shown)) / _COLUMNS))
    below = _NOTES + math.ceil(baselines / _BASELINE_COLUMNS)
    with page(file, rows * (_PANEL_HEIGHT + legend * _LINE) + below * _LINE) as figure:
        draw_curves(figure, panels, dense)


def draw_curves(figure: Figure, panels: Sequence[Panel], dense: Spread | None) -> None:
    """The baselines of all panels are drawn in each, gray and dashed; `dense` is a dotted line."""
    curves = [curve for panel in panels for curve in panel.curves]
    baselines = [curve for curve in curves if curve.is_baseline]
    own = [Panel(panel.title, [curve for curve in panel.curves if not curve.is_baseline]) for panel in panels]
    shown = [panel for panel in own if panel.curves] or [Panel("Baselines", [])]
    bottom, top = _limits(curves, dense)
    columns = min(_COLUMNS, len(shown))
    fields = figure.subplots(math.ceil(len(shown) / columns), columns, sharey=True, squeeze=False).flatten()
    for field, panel in zip(fields, shown, strict=False):
        _draw_panel(field, panel, baselines, dense)
        _set_axes(field, curves)
        field.set_ylim(bottom, top)
    for field in fields[len(shown) :]:
        field.set_axis_off()
    figure.supylabel(error_axis.TITLE, fontsize=10)
    keys = [_key(curve, place) for place, curve in enumerate(baselines)]
    figure.legend(
        handles=keys,
        loc="outside lower left",
        alignment="left",
        ncols=_BASELINE_COLUMNS,
        title=_note(curves, dense, bottom),
    )


def _draw_panel(field: Axes, panel: Panel, baselines: Sequence[Curve], dense: Spread | None) -> None:
    field.set_title(panel.title)
    if dense is not None:
        field.axhline(error_of(dense.mean), color=INK, linewidth=1, linestyle=":")
    drawn = [*enumerate(baselines), *enumerate(panel.curves)]
    for index, (place, curve) in enumerate(drawn):
        _draw_curve(field, curve, place, index / max(1, len(drawn) - 1))
    keys = [_key(curve, place) for place, curve in enumerate(panel.curves)]
    field.legend(handles=keys, loc="upper left", bbox_to_anchor=(-0.02, -0.2), ncols=_LEGEND_COLUMNS, borderpad=0)


def _note(curves: Sequence[Curve], dense: Spread | None, bottom: float) -> str:
    notes = ["Points: mean over seeds; bars: lowest to highest."]
    if dense is not None:
        notes[0] += f" Dotted: dense, {dense.mean:.1%}."
    if any(curve.keeps_shapes for curve in curves):
        notes.append("Hollow: single weights set to zero, shapes stay, not faster without a sparse runtime.")
        notes.append(
            "Points stand at the compression reached: zeros that leave channels dead go beyond what was asked."
        )
    if any(error_of(spread.mean) > bottom for curve in curves for spread in curve.points.values()):
        notes.append("Lines that leave a panel at the bottom go on to lower accuracies.")
    if any(curve.is_baseline for curve in curves):
        notes.append("Gray: baselines, the same in every panel.")
    return "\n".join(notes)


def _limits(curves: Sequence[Curve], dense: Spread | None) -> tuple[float, float]:
    methods, baselines = (
        [spread for curve in curves if curve.is_baseline == is_baseline for spread in curve.points.values()]
        for is_baseline in (False, True)
    )
    return error_axis.limits(methods, baselines, dense)


def _draw_curve(field: Axes, curve: Curve, place: int, shift: float) -> None:
    """`shift` in [0, 1]: where among the panel's curves the points stand, from left to right."""
    factor = 2 ** (_DODGE * (2 * shift - 1))
    found = sorted(curve.points.items())
    x = [curve.at(value) * factor for value, _ in found]
    y = [error_of(spread.mean) for _, spread in found]
    field.plot(x, y, **_style(curve, place))
    lows = [error_of(spread.highest) for _, spread in found]
    field.vlines(x, lows, [error_of(spread.lowest) for _, spread in found], color=_color(curve, place), linewidth=1)


def _key(curve: Curve, place: int) -> Line2D:
    return Line2D([], [], label=curve.name, **_style(curve, place))


def _style(curve: Curve, place: int) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "color": _color(curve, place),
        "marker": _MARKERS[palette.symbol_of(place)],
        "markersize": 5,
    }
    if curve.keeps_shapes:
        shape["markerfacecolor"] = "white"
    if curve.is_baseline:
        return shape | {"linestyle": "--", "linewidth": 0.8, "markersize": 4, "zorder": 1.5}
    return shape | {"linewidth": 1.6, "zorder": 2}


def _color(curve: Curve, place: int) -> str:
    return palette.DENSE if curve.is_baseline else palette.COUPLED[place % len(palette.COUPLED)]


def _set_axes(field: Axes, curves: Sequence[Curve]) -> None:
    compressions = sorted({value for curve in curves for value in curve.points}) or [1.0]
    field.autoscale(enable=False)  # all limits are set here
    field.set_xscale("log", base=2)
    furthest = max(
        (curve.at(value) for curve in curves if not curve.is_baseline for value in curve.points), default=1.0
    )
    right = max(compressions[-1], furthest) * math.sqrt(2)
    field.set_xlim(compressions[0] / math.sqrt(2), right)
    field.xaxis.set_major_locator(FixedLocator(error_axis.compression_ticks(compressions, right)))
    field.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    field.set_xlabel("Compression (dense / remaining parameters)")
    field.set_yscale("log")
    field.yaxis.set_major_locator(FixedLocator(list(error_axis.TICKS)))
    field.yaxis.set_major_formatter(FuncFormatter(lambda value, _: error_axis.label_of(value)))
    for axis in (field.xaxis, field.yaxis):
        axis.set_minor_locator(NullLocator())

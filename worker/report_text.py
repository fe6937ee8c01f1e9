"""The import report as text for a terminal."""

from collections.abc import Iterator, Sequence

from backend.domain.fitting import shape_text
from backend.domain.import_report import ImportReport, LayerVerdict
from backend.domain.network import NetworkSummary

_MOST_NAMES = 3
_HEADINGS = ("layer", "status", "channels", "can go", "MACs that go", "together with, or why not")


def report_lines(summary: NetworkSummary, report: ImportReport) -> Iterator[str]:
    """The network in one line, what can go in one, a warning where little can, then a table of all layers."""
    yield (
        f"{summary.architecture}: {summary.parameters:,} parameters, {summary.macs:,} MACs, {_inputs(summary)}, "
        f"{summary.class_count} classes"
    )
    yield (
        f"{report.removable_channels:,} of {report.channels:,} prunable channels can go, with them at most "
        f"{report.removable_macs:.1%} of the MACs and {report.removable_parameters:.1%} of the parameters "
        f"(no layer thinner than {report.minimum_width})."
    )
    for note in report.notes:
        yield f"Note: {note}"
    if report.warning:
        yield f"Warning: {report.warning}"
    yield ""
    widths = {layer.name: layer.width for layer in summary.layers}
    yield from columns([_HEADINGS, *(_row(verdict, widths[verdict.layer]) for verdict in report.layers)])


def _inputs(summary: NetworkSummary) -> str:
    shapes = [
        shape_text(info.shape) + ("" if info.is_float else f" {info.type}") + ("" if info.is_used else " (not used)")
        for info in summary.inputs
    ]
    if len(shapes) == 1:
        return f"input {shapes[0]}"
    return "inputs " + ", ".join(f"`{info.name}` {shape}" for info, shape in zip(summary.inputs, shapes, strict=True))


def _row(verdict: LayerVerdict, width: int) -> tuple[str, ...]:
    return (
        verdict.layer,
        verdict.status,
        f"{width:,}",
        f"{verdict.removable_channels:,}",
        f"{verdict.removable_macs:.1%}",
        _remark(verdict),
    )


def _remark(verdict: LayerVerdict) -> str:
    remarks = []
    if verdict.coupled_with:
        remarks.append(_first(verdict.coupled_with))
    if verdict.lock:
        remarks.append(f"{verdict.lock.reason} ({verdict.lock.place})" if verdict.lock.place else verdict.lock.reason)
    if verdict.unit not in (None, "channel"):
        remarks.append(f"by {verdict.unit}")
    if verdict.inexact:
        remarks.append(f"masking is not removal at {_first(verdict.inexact)}{_by_how_much(verdict.difference)}")
    return "; ".join(remarks)


def _first(names: Sequence[str]) -> str:
    more, shown = len(names) - _MOST_NAMES, ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _by_how_much(difference: float | None) -> str:
    if difference is None:
        return ""
    return f", by {difference:.1%} of the scores with half of it" if difference else ", but it is removed at once"


def columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a table whose columns stand below each other, two spaces apart."""
    sizes = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(size) for cell, size in zip(row, sizes, strict=True)]
        yield "  ".join(cells).rstrip()

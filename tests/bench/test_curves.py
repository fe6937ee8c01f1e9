"""Figures for documents: every method and every range is where the numbers say."""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from backend.domain.comparison import Cell, Comparison, Outcome, Spread
from backend.domain.errors import InvalidValue
from backend.domain.presets import PRESETS
from backend.figures.palette import COUPLED, DENSE, symbol_of
from worker.bench import report
from worker.bench.curves import Curve, Panel, draw_curves, panels_of, write_curves
from worker.bench.paper import page
from worker.bench.report import check_figure, link_to, write_figure


def spread(*values: float) -> Spread:
    found = Spread.of(values)
    assert found is not None
    return found


DENSE_ACCURACY = spread(0.98, 0.99)
FILTERS = Curve("filters", {2.0: spread(0.9, 0.96), 8.0: spread(0.8, 0.8)})
ZEROS = Curve("zeros", {2.0: spread(0.95, 0.97), 8.0: spread(0.9, 1.0)}, keeps_shapes=True)
CHANCE = Curve("chance", {2.0: spread(0.5, 0.7), 8.0: spread(0.1, 0.1)}, is_baseline=True)
PANELS = (Panel("Channels", (FILTERS, CHANCE)), Panel("Weights", (ZEROS,)))


@pytest.fixture
def figure() -> Figure:
    drawn = Figure()
    draw_curves(drawn, PANELS, DENSE_ACCURACY)
    return drawn


def curves_of(field: Axes) -> list[Line2D]:
    """The dense network's line spans the field: it has two places."""
    return [line for line in field.get_lines() if line.get_linestyle() != ":"]


def errors(line: Line2D) -> list[float]:
    return [float(value) for value in line.get_ydata()]


def test_points_are_means_and_bars_reach_from_the_lowest_to_the_highest(figure: Figure):
    field = figure.axes[0]
    chance, filters = curves_of(field)
    assert errors(filters) == pytest.approx([1 - 0.93, 1 - 0.8])
    assert errors(chance) == pytest.approx([1 - 0.6, 1 - 0.1])
    bars = [segment for bars in field.collections for segment in bars.get_segments()]  # type: ignore[attr-defined]
    assert [sorted(1 - y for _, y in bar) for bar in bars] == [
        pytest.approx([0.5, 0.7]),
        pytest.approx([0.1, 0.1]),
        pytest.approx([0.9, 0.96]),
        pytest.approx([0.8, 0.8]),
    ]


def test_better_is_up_and_every_point_of_a_method_lies_inside(figure: Figure):
    for field in figure.axes:
        low, high = field.get_ylim()
        assert low > high
        for line in field.get_lines():
            if line.get_linestyle() != "--":
                assert all(high <= value <= low for value in errors(line))


def test_what_breaks_down_leaves_the_panel_and_is_told():
    good = {value: spread(0.97) for value in (2.0, 4.0, 8.0, 16.0)}
    curves = tuple(Curve(f"good {number}", good) for number in range(6))
    bad = Curve("bad", good | {16.0: spread(0.2)})
    drawn = Figure()
    draw_curves(drawn, (Panel("Channels", (*curves, bad)),), DENSE_ACCURACY)
    low, _ = drawn.axes[0].get_ylim()
    assert 3 * (1 - 0.985) <= low < 0.1
    assert "leave a panel" in drawn.legends[0].get_title().get_text()
    drawn = Figure()
    draw_curves(drawn, (Panel("Channels", curves),), DENSE_ACCURACY)
    assert "leave a panel" not in drawn.legends[0].get_title().get_text()


def test_baselines_are_gray_and_dashed_in_every_panel_and_zeros_hollow(figure: Figure):
    assert [field.get_title(loc="left") or field.get_title() for field in figure.axes] == ["Channels", "Weights"]
    for field in figure.axes:
        baseline, own = curves_of(field)
        assert (baseline.get_linestyle(), to_hex(baseline.get_color())) == ("--", DENSE)
        assert (own.get_linestyle(), to_hex(own.get_color())) == ("-", COUPLED[0])
    assert [curves_of(field)[1].get_markerfacecolor() for field in figure.axes] == [COUPLED[0], "white"]


def test_a_flawless_network_has_a_place_on_the_axis():
    drawn = Figure()
    draw_curves(drawn, (Panel("Weights", (Curve("perfect", {2.0: spread(1.0)}),)),), None)
    (line,) = curves_of(drawn.axes[0])
    assert errors(line) == [0.001]


def test_the_file_is_text_that_can_be_searched_and_always_the_same(tmp_path: Path):
    for name in ("a.svg", "b.svg"):
        write_curves(PANELS, DENSE_ACCURACY, tmp_path / "figures" / name)
    first = (tmp_path / "figures" / "a.svg").read_bytes()
    assert first == (tmp_path / "figures" / "b.svg").read_bytes()
    words = set(_texts(first))
    assert {
        "filters",
        "zeros",
        "chance",
        "Channels",
        "Weights",
        "2x",
        "8x",
    } <= words
    assert any("Dotted: dense, 98.5%." in text for text in words)
    assert any("without a sparse runtime" in text for text in words)
    write_curves(PANELS, DENSE_ACCURACY, tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def _texts(svg: bytes) -> Iterable[str]:
    return (text.strip() for text in ElementTree.fromstring(svg).itertext() if text.strip())


def outcome(method: str, compression: float) -> Outcome:
    return Outcome(cell=Cell(method=method, compression=compression, seed=0), test_accuracy=0.9, reached=compression)


def test_a_comparison_is_drawn_by_family_and_linked_from_its_document(tmp_path: Path):
    done = [outcome("uniform", 2.0), outcome("magnitude-channel", 2.0), outcome("li2017-filter-l1", 2.0)]
    failed = [Outcome(cell=Cell(method="magnitude-channel", compression=8.0, seed=0), failure="It cannot be.")]
    comparison = Comparison(network="lenet300", data="blobs", outcomes=(*done, outcome("lamp2021", 8.0), *failed))
    channels, weights = panels_of(comparison)
    assert (channels.title, weights.title) == ("Whole channels", "Single weights")
    assert {(curve.name, curve.is_baseline, curve.keeps_shapes, *curve.points) for curve in channels.curves} == {
        ("magnitude-channel", False, False, 2.0),
        ("uniform", True, False, 2.0),
        ("li2017-filter-l1", False, False, 2.0),
    }
    assert [(curve.name, curve.keeps_shapes) for curve in weights.curves] == [("lamp2021", True)]
    file = tmp_path / "docs" / "figures" / "a.svg"
    write_figure(comparison, file)
    assert "magnitude-channel" in set(_texts(file.read_bytes()))
    link = link_to(file, tmp_path / "docs" / "benchmarks.md", comparison)
    assert link == "![Test accuracy against compression, lenet300 on blobs](figures/a.svg)"


def test_no_two_methods_of_the_catalogue_look_the_same():
    looks = {(place % len(COUPLED), symbol_of(place)) for place in range(len(PRESETS))}
    assert len(looks) == len(PRESETS)


def test_every_name_of_the_catalogue_has_room_beside_the_others(tmp_path: Path):
    """With ticks as wide as 99.9%: no text of a legend is cut off, and none runs into another legend."""
    names = (name for name in PRESETS if not PRESETS[name].is_baseline)
    panels = panels_of(
        Comparison(network="lenet300", data="blobs", outcomes=tuple(outcome(name, 8.0) for name in names))
    )
    with page(tmp_path / "curves.svg", 12) as figure:
        draw_curves(figure, panels, spread(0.999))
        figure.canvas.draw()
        boxes = [legend.get_window_extent() for field in figure.axes if (legend := field.get_legend()) is not None]
    assert len(boxes) == len(panels)
    for place, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_what_cannot_be_drawn_is_said_before_the_comparison(monkeypatch: pytest.MonkeyPatch):
    check_figure(Path("figure.svg"))
    with pytest.raises(InvalidValue, match=r"not `figure\.pdf`"):
        check_figure(Path("figure.pdf"))
    monkeypatch.setattr(report, "find_spec", lambda _: None)
    with pytest.raises(InvalidValue, match="matplotlib"):
        check_figure(Path("figure.svg"))

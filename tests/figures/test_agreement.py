"""Which methods remove the same channels."""

from backend.domain.agreement import Agreement
from backend.figures.agreement import draw_agreement


def test_a_row_is_a_pair_of_methods_and_the_hover_names_it_in_full() -> None:
    """Rows are told by text, which a narrow screen shortens; a group that has no number is left empty."""
    pairs = [
        Agreement("fisher", "l0 <a>", {"fc1": 0.5, "fc2": None}),
        Agreement("fisher", "fisher", {"fc1": 1.0, "fc2": -0.25}),
    ]
    figure = draw_agreement(pairs)
    (heat,) = figure.data
    names = ["fisher<br>l0 &lt;a&gt;", "fisher:<br>its seeds"]
    assert list(heat.y) == list(figure.layout.yaxis.ticktext) == list(figure.layout.yaxis.tickvals) == names
    assert [list(row) for row in heat.customdata] == [[name] * 2 for name in names]
    assert [list(row) for row in heat.text] == [["0.50", ""], ["1.00", "-0.25"]]
    assert figure.layout.height > draw_agreement(pairs[:1]).layout.height


def test_without_pairs_there_is_nothing() -> None:
    assert not draw_agreement([]).data

import pytest

from backend.domain.reports import RunReport
from backend.figures.loss import draw_loss


def test_loss_and_accuracy_of_every_step_are_drawn_on_their_own_axes(report: RunReport):
    loss, accuracy = draw_loss(report).data
    assert list(loss.y) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert list(accuracy.y) == pytest.approx([0.55, 0.6, 0.65, 0.7])
    assert (loss.yaxis, accuracy.yaxis) == ("y", "y2")
    assert loss.hovertemplate == "%{y:.4~g}"  # a loss that went astray has an exponent instead of 25 digits


def test_retraining_stands_on_tinted_ground(report: RunReport):
    (ground,) = draw_loss(report).layout.shapes
    assert (ground.x0, ground.x1) == (1.5, 3.5)


def test_no_steps_make_an_empty_figure_whose_axes_carry_units(empty_report: RunReport):
    figure = draw_loss(empty_report)
    assert not figure.data
    assert figure.layout.yaxis.title.text == "Training loss (nats)"

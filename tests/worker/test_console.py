"""What the command line prints of operating points."""

import io

import pytest
from rich.console import Console

from backend.domain.events import RunStarted
from backend.domain.reports import OperatingPoint, RunLayout, Zeros
from tests.delivery.test_bundle import POINT, SCALING
from tests.engine.zoo_cases import LENET5
from worker.console import follow
from worker.engine.results import FinishedPoint

ZEROS = Zeros(count=60, prunable=80, left=(20,), compressed_bytes=300, file_macs=7488, file_parameters=3076)


def printed(point: OperatingPoint) -> str:
    """The line of a finished point."""
    layout = RunLayout(layers=(), dense_macs=9000, dense_parameters=4000)
    shown = Console(file=io.StringIO(), width=1000)
    follow([RunStarted(layout), FinishedPoint(point, LENET5.network(), SCALING)], shown)
    assert isinstance(shown.file, io.StringIO)
    return next(line for line in shown.file.getvalue().splitlines() if line.startswith("Point"))


def test_a_thinner_network_is_told_by_its_widths() -> None:
    line = printed(POINT.model_copy(update={"macs": 7488, "parameters": 3076}))
    assert line.startswith("Point 1: 7,488 MACs and 3,076 parameters, widths 10-25-250; validation")


@pytest.mark.parametrize(
    ("zeros", "size"),
    [
        (ZEROS, "7,488 MACs and 3,076 parameters in the file, 59 and 1,785 not zero; validation"),
        (ZEROS.model_copy(update={"file_macs": None}), "59 MACs and 1,785 parameters not zero; validation"),
    ],
)
def test_zeros_are_told_apart_from_the_file_and_sentences_stand_on_their_own(zeros: Zeros, size: str) -> None:
    dead = ("a:1", "b:2")
    line = printed(POINT.model_copy(update={"macs": 59, "parameters": 1785, "zeros": zeros, "dead_channels": dead}))
    assert line.startswith(f"Point 1: {size}")
    assert "; test 88.00%. Same shapes; 60 of 80 weights are zero." in line
    assert " is used. 2 dead channels removed: " in line

"""A network of three layers, small enough to count by hand, and a run of it."""

import pytest

from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.reports import OperatingPoint, Phase, RunLayout, RunReport, StepRecord, TrackedLayer


@pytest.fixture
def network() -> NetworkSummary:
    """conv1 and conv2 share their channels (a residual addition); fc is the classifier."""
    layers = (
        # 4 channels, 1 input, 3x3, on 10x10: 36 weights + 4 biases, 3,600 MACs
        Layer(name="conv1", type="conv", in_width=1, width=4, kernel=(3, 3), output_size=(10, 10), parameters=40,
              macs=3600, group="conv1"),
        # 4 channels, 4 inputs, 1x1, on 10x10: 16 weights + 4 biases, 1,600 MACs
        Layer(name="conv2", type="conv", in_width=4, width=4, kernel=(1, 1), output_size=(10, 10), parameters=20,
              macs=1600, group="conv1"),
        # 2 units, 400 inputs: 800 weights + 2 biases, 800 MACs
        Layer(name="fc", type="linear", in_width=400, width=2, parameters=802, macs=800, group=None),
    )  # fmt: skip
    group = ChannelGroupInfo(name="conv1", width=4, layers=("conv1", "conv2"), consumers=("conv2", "fc"))
    return NetworkSummary(
        architecture="tiny",
        input_shape=(1, 10, 10),
        class_count=2,
        layers=layers,
        groups=(group,),
        parameters=862,
        macs=6000,
    )


def make_layout() -> RunLayout:
    layers = tuple(
        TrackedLayer(name=name, dense_width=width, is_prunable=prunable)
        for name, width, prunable in (("conv1", 4, True), ("conv2", 4, True), ("fc", 2, False))
    )
    return RunLayout(layers=layers, dense_macs=6000, dense_parameters=862)


def make_step(step: int, width: int, phase: Phase = Phase.PRUNE) -> StepRecord:
    return StepRecord(
        step=step,
        phase=phase,
        progress=step / 10,
        loss=1.0 / step,
        accuracy=0.5 + step / 20,
        sparsity=1 - width / 4,
        macs=100 * width,
        parameters=10 * width,
        widths=(width, width, 2),
        fisher_mass=(step / 100, None, None),
        fisher_rao_norm=(step / 10, None, None),
    )


def make_point(index: int, macs: int) -> OperatingPoint:
    return OperatingPoint(
        index=index,
        step=2 * index,
        sparsity=index / 4,
        macs=macs,
        parameters=431,
        widths=(4 - index, 4 - index, 2),
        dense_accuracy=0.9,
        pruned_accuracy=0.9 - 0.2 * index,
        retrained_accuracy=0.9 - 0.01 * index,
        retrained_loss=0.3,
        test_accuracy=0.88 - 0.01 * index,
        test_loss=0.4,
    )


@pytest.fixture
def report() -> RunReport:
    """Four steps, 4 channels down to 2, with a retraining in the middle; three operating points."""
    phases = (Phase.PRUNE, Phase.RETRAIN, Phase.RETRAIN, Phase.PRUNE)
    steps = tuple(
        make_step(index + 1, width, phase)
        for index, (width, phase) in enumerate(zip((3, 3, 3, 2), phases, strict=True))
    )
    points = (make_point(0, 6000), make_point(1, 3900), make_point(2, 2200))
    return RunReport(layout=make_layout(), steps=steps, points=points)


@pytest.fixture
def empty_report() -> RunReport:
    """A run that has started and done nothing."""
    return RunReport(layout=make_layout())

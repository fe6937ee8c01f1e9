"""Measuring: expected calibration error and accuracies by class, against sums done by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from worker.engine.evaluation import Evaluation, confidence_bin, evaluate
from worker.engine.examples import Examples
from worker.engine.inputs import Inputs
from worker.engine.scaling import ChannelScaling, Scaling

CPU = torch.device("cpu")


class Told(nn.Module):
    """Gives class scores whose softmax is what the examples hold."""

    def forward(self, x: Tensor) -> Tensor:
        return x.log()


def measured(probabilities: list[list[float]], labels: list[int]) -> Evaluation:
    examples = Examples(Inputs.of(torch.tensor(probabilities)), torch.tensor(labels))
    return evaluate(Told(), examples, Scaling.one(ChannelScaling((0.0,), (1.0,), 1.0)), CPU)


def test_one_confidence_is_off_by_its_distance_to_the_accuracy() -> None:
    # Ten answers, all with confidence 0.8, six of them right.
    result = measured([[0.8, 0.2]] * 10, [0] * 6 + [1] * 4)
    assert result.calibration_error == pytest.approx(0.8 - 0.6)
    assert result.accuracy == 0.6


def test_bins_count_by_their_examples() -> None:
    # Six at 0.9, all right: |1 - 0.9|; two at 0.6, none right: |0 - 0.6|; two at 0.7, one right: |0.5 - 0.7|.
    probabilities = [[0.9, 0.1]] * 6 + [[0.6, 0.4]] * 2 + [[0.3, 0.7]] * 2
    result = measured(probabilities, [0] * 6 + [1] * 2 + [1, 0])
    assert result.calibration_error == pytest.approx((6 * 0.1 + 2 * 0.6 + 2 * 0.2) / 10)


def test_inside_a_bin_confidences_are_averaged_before_they_are_compared() -> None:
    # 0.81 and 0.86 share the bin (12/15, 13/15]; one of two is right: |0.5 - 0.835|, not (0.19 + 0.86) / 2.
    assert confidence_bin(torch.tensor([0.81, 0.86], dtype=torch.float64)).tolist() == [12, 12]
    assert measured([[0.81, 0.19], [0.86, 0.14]], [0, 1]).calibration_error == pytest.approx(0.335)


def test_a_network_that_is_right_as_often_as_it_believes_is_calibrated() -> None:
    assert measured([[0.75, 0.25]] * 8, [0] * 6 + [1] * 2).calibration_error == pytest.approx(0, abs=1e-7)


def test_bins_are_closed_above() -> None:
    edges = torch.arange(1, 16, dtype=torch.float64) / 15
    assert confidence_bin(edges * (1 - 1e-12)).tolist() == list(range(15))
    assert confidence_bin(edges[:-1] * (1 + 1e-12)).tolist() == list(range(1, 15))
    assert confidence_bin(torch.ones(1)).item() == 14


def test_batches_change_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(1200, 5, generator=generator).softmax(1)
    labels = torch.randint(0, 4, (1200,), generator=generator)
    result = measured(probabilities.tolist(), labels.tolist())
    confidence, answers = probabilities.double().max(1)
    by_bin: dict[int, list[tuple[float, bool]]] = {}
    for sure, answer, label in zip(confidence.tolist(), answers.tolist(), labels.tolist(), strict=True):
        by_bin.setdefault(math.ceil(sure * 15), []).append((sure, answer == label))
    gaps = [abs(sum(hit for _, hit in rows) - sum(sure for sure, _ in rows)) for rows in by_bin.values()]
    assert result.calibration_error == pytest.approx(sum(gaps) / 1200, rel=1e-5)
    for name in range(4):
        assert result.class_accuracies[name] == pytest.approx(float((answers[labels == name] == name).double().mean()))
    assert result.class_accuracies[4] is None

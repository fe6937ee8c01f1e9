"""Whether an ONNX model answers as torch does: scores and predicted classes on the test split."""

import time

import numpy as np
import torch
from torch import nn

from backend.domain.delivery import OnnxCheck
from backend.domain.errors import FailureCode, JobFailure
from worker.delivery.onnx_model import OPSET
from worker.delivery.runtime import VERSION, OnnxSession
from worker.engine.examples import Examples, Scaling
from worker.engine.network import Network, build

TOLERANCE = 1e-4
"""Largest accepted difference of a score, relative to the largest score."""
TIME_LIMIT_S = 120.0
"""After so long no further batch is compared; the check says how far it came."""
_BATCHES = (1, 2, 61, 200)
"""Sizes of the first batches; all later ones have the last size. Several, because the batch is dynamic."""


def check_onnx(model: bytes, network: Network, test: Examples, scaling: Scaling, threads: int) -> OnnxCheck:
    """Compare the model with the network it was made from; needs at least one example.

    Raises `JobFailure` (EXPORT_FAILED) when a score differs by more than `TOLERANCE` or any predicted class differs.
    """
    session, module, scale = OnnxSession(model, threads), build(network), scaling.on(torch.device("cpu"))
    differences, largest, agreeing, compared = [0.0], 0.0, 0, 0
    deadline = time.monotonic() + TIME_LIMIT_S
    sizes = iter(_BATCHES)
    while compared < len(test) and (compared == 0 or time.monotonic() < deadline):
        inputs = scale(test.inputs[compared : compared + next(sizes, _BATCHES[-1])]).contiguous()
        expected, answered = _scores(module, inputs), session.scores([inputs])
        differences.append(float(np.abs(expected - answered).max()))
        largest = max(largest, float(np.abs(expected).max()))
        agreeing += int((expected.argmax(1) == answered.argmax(1)).sum())
        compared += len(inputs)
    difference, agreement = float(np.max(differences)) / (largest or 1.0), agreeing / compared
    if not (difference <= TOLERANCE and agreeing == compared):  # written so that NaN fails
        raise _mismatch(difference, agreement, compared)
    return OnnxCheck(
        opset=OPSET,
        runtime_version=VERSION,
        examples=compared,
        test_examples=len(test),
        largest_difference=difference,
        agreement=agreement,
    )


def _scores(module: nn.Module, inputs: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        scores = module(inputs)
    first = scores[0] if isinstance(scores, tuple) else scores
    return np.asarray(first.numpy())


def _mismatch(difference: float, agreement: float, examples: int) -> JobFailure:
    return JobFailure(
        FailureCode.EXPORT_FAILED,
        f"The ONNX model does not answer as the network does: a score differs by {difference:.1e} of the largest, "
        f"and {agreement:.2%} of {examples} test examples get the same class.",
        "It was thrown away; the network's other files are not affected.",
    )

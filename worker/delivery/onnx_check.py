"""Whether an ONNX model answers as torch does: scores and predicted classes on the test split."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from backend.domain.delivery import OnnxCheck
from backend.domain.errors import FailureCode, JobFailure
from worker.delivery.onnx_model import OPSET
from worker.delivery.runtime import VERSION, OnnxSession
from worker.engine.feeding import Feed
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.network.inputs import random_inputs
from worker.engine.scaling import Scaling

TOLERANCE = 1e-4
"""Largest accepted difference of a score, relative to the largest score."""
TIME_LIMIT_S = 120.0
"""After so long no further batch is compared; the check says how far it came."""
_RANDOM_EXAMPLES = 500
_BATCHES = (1, 2, 61, 200)
"""Sizes of the first batches; all later ones have the last size. Several, because the batch is dynamic."""


@dataclass(frozen=True)
class CheckInputs:
    """What is fed to both: a first axis of examples, not scaled yet."""

    stored: Inputs
    scaling: Scaling | None
    """None: the inputs are what the network takes."""
    data: Literal["test split", "random inputs"]

    def __len__(self) -> int:
        return len(self.stored.tensors[0])

    def batch(self, start: int, size: int) -> tuple[Tensor, ...]:
        """Scaled inputs of some examples."""
        batch = self.stored.at(slice(start, start + size))
        if self.scaling is not None:
            batch = self.scaling.on(torch.device("cpu"))(batch)
        return tuple(part.contiguous() for part in batch)


def test_split(feed: Feed, scaling: Scaling) -> CheckInputs:
    """The whole test split."""
    return CheckInputs(feed.test.inputs, scaling, "test split")


def random_examples(network: Network) -> CheckInputs:
    """Stand-ins for a test split that is gone."""
    return CheckInputs(Inputs(random_inputs(network, _RANDOM_EXAMPLES)), None, "random inputs")


def check_onnx(model: bytes, network: Network, inputs: CheckInputs, threads: int) -> OnnxCheck:
    """Compare the model with the network it was made from.

    Raises `JobFailure` (EXPORT_FAILED) when a score differs by more than `TOLERANCE` or any predicted class differs.
    """
    session, module = OnnxSession(model, threads), build(network)
    differences, largest, agreeing, compared = [0.0], 0.0, 0, 0
    deadline = time.monotonic() + TIME_LIMIT_S
    sizes = iter(_BATCHES)
    while compared < len(inputs) and (compared == 0 or time.monotonic() < deadline):
        batch = inputs.batch(compared, next(sizes, _BATCHES[-1]))
        expected, answered = _scores(module, batch), session.scores(batch)
        differences.append(float(np.abs(expected - answered).max()))
        largest = max(largest, float(np.abs(expected).max()))
        agreeing += int((expected.argmax(1) == answered.argmax(1)).sum())
        compared += len(expected)
    difference, agreement = float(np.max(differences)) / (largest or 1.0), agreeing / compared
    if not (difference <= TOLERANCE and agreeing == compared):  # written so that NaN fails
        raise _mismatch(difference, agreement, compared)
    return OnnxCheck(
        data=inputs.data,
        opset=OPSET,
        runtime_version=VERSION,
        examples=compared,
        available=len(inputs),
        largest_difference=difference,
        agreement=agreement,
    )


def _scores(module: nn.Module, inputs: tuple[Tensor, ...]) -> NDArray[np.floating[Any]]:
    with torch.inference_mode():
        scores = module(*inputs)
    first = scores[0] if isinstance(scores, tuple) else scores
    return np.asarray(first.numpy())


def _mismatch(difference: float, agreement: float, examples: int) -> JobFailure:
    return JobFailure(
        FailureCode.EXPORT_FAILED,
        f"The ONNX model does not answer as the network does: a score differs by {difference:.1e} of the largest, "
        f"and {agreement:.2%} of {examples} inputs get the same class.",
        "It was thrown away; the network's other files are not affected.",
    )

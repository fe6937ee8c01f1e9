"""ONNX models in ONNX Runtime, on the processor, with a stated number of threads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from torch import Tensor

VERSION: str = onnxruntime.__version__
_ERRORS_ONLY = 3


class OnnxSession:
    """A loaded model. Its threads sleep between calls, so that two sessions in turn do not take each other's time."""

    def __init__(self, model: bytes, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = [item.name for item in self._session.get_inputs()]
        self._scores = [self._session.get_outputs()[0].name]

    def scores(self, inputs: Sequence[Tensor]) -> NDArray[np.floating[Any]]:
        """Class scores (N, C) of a batch; `inputs` in the order of the model's inputs, on the CPU."""
        feed = {name: value.numpy() for name, value in zip(self._inputs, inputs, strict=True)}
        result: NDArray[np.floating[Any]] = self._session.run(self._scores, feed)[0]
        return result

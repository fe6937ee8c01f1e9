"""Every format holds a run's network without its dead layers: what takes their place, and nothing of them."""

import io

import onnx
import torch

from tests.delivery.test_source import emitted
from tests.engine.constructs import BY_NAME
from tests.engine.test_dead_layers_of_runs import GONE, finished
from worker.delivery.exported_program import write_exported_program
from worker.delivery.onnx_model import write_onnx
from worker.delivery.runtime import OnnxSession
from worker.delivery.tracing import trace_program
from worker.engine.network import build


def test_files_compute_without_dead_layers_what_the_network_with_them_does() -> None:
    kept, item = (finished(way).points[-1] for way in ("keep", "remove"))
    source, traced = emitted(item.network), trace_program(item.network)
    program, model = write_exported_program(traced), write_onnx(item.network, traced, {})
    left = [name for name in source.state_dict() if name.startswith(GONE)]
    assert all(name.endswith(".constant") for name in left)
    assert sum(tensor.numel() for tensor in source.parameters()) == item.point.parameters < kept.point.parameters
    stored = onnx.load(io.BytesIO(model)).graph.initializer
    assert sum(torch.Size(value.dims).numel() for value in stored) < kept.point.parameters
    inputs = BY_NAME["residual"].inputs(3)
    with torch.no_grad():
        expected = build(kept.network)(*inputs)
        loaded = torch.export.load(io.BytesIO(program)).module()
        answers = [source(*inputs), loaded(*inputs), torch.from_numpy(OnnxSession(model, 1).scores(inputs))]
    for answer in answers:
        torch.testing.assert_close(answer, expected, rtol=1e-4, atol=1e-5)

"""Every format loads where Secateur is not, and computes the same."""

import io
import json
from dataclasses import dataclass

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from backend.domain.errors import FailureCode, JobFailure
from tests.delivery.fresh import make_environment, run
from tests.engine.constructs import BY_NAME
from tests.engine.masking import random_masks
from tests.engine.zoo_cases import LENET5, RESNET20, Case, case_name
from worker.delivery.exported_program import write_exported_program
from worker.delivery.onnx_check import check_onnx, random_examples
from worker.delivery.onnx_check import test_split as whole_split
from worker.delivery.onnx_model import OPSET, write_onnx
from worker.delivery.runtime import OnnxSession
from worker.delivery.tracing import trace_program
from worker.engine.examples import Examples
from worker.engine.feeding import Feed
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.network.inputs import network_inputs
from worker.engine.scaling import ChannelScaling, Scaling
from worker.engine.surgery import remove

CASES = (LENET5, RESNET20)
BATCHES = (1, 3, 8)
FACTS = {"architecture": "test", "class_count": 10}
PLAIN = Scaling.one(ChannelScaling((0.0,), (1.0,), 1.0))
RUNTIME_PACKAGES = ("onnxruntime", "numpy")
LOAD_PROGRAMS = """
import sys
import torch
from safetensors.torch import load_file, save_file
for name in sys.argv[1:]:
    inputs = load_file(f"{name}-inputs.safetensors")
    module = torch.export.load(f"{name}.pt2").module()
    with torch.no_grad():
        save_file({key: module(value) for key, value in inputs.items()}, f"{name}-scores.safetensors")
assert not {"backend", "worker"} & set(sys.modules)
"""
LOAD_ONNX = """
import sys
import numpy
import onnxruntime
for name in sys.argv[1:]:
    session = onnxruntime.InferenceSession(f"{name}.onnx", providers=["CPUExecutionProvider"])
    (source,), (target,) = session.get_inputs(), session.get_outputs()
    assert (source.name, target.name) == ("input", "scores")
    assert source.shape[0] == target.shape[0] == "batch"
    with numpy.load(f"{name}-inputs.npz") as inputs:
        numpy.savez(f"{name}-scores.npz", **{key: session.run(None, {"input": inputs[key]})[0] for key in inputs})
assert not {"torch", "backend", "worker"} & set(sys.modules)
"""


@dataclass(frozen=True)
class Made:
    """A thinner network with its two files, inputs at several batch sizes, and its own scores for them."""

    network: Network
    program: bytes
    model: bytes
    inputs: dict[str, Tensor]
    scores: dict[str, Tensor]


def make(case: Case) -> Made:
    network = remove(case.network(), random_masks(case.network(), 0.5))
    traced = trace_program(network)
    inputs = {str(count): case.inputs(count) for count in BATCHES}
    with torch.no_grad():
        scores = {name: build(network)(value) for name, value in inputs.items()}
    return Made(network, write_exported_program(traced), write_onnx(network, traced, FACTS), inputs, scores)


@pytest.fixture(scope="module")
def made():
    """Networks in both formats, by name."""
    return {case_name(case): make(case) for case in CASES}


def test_exported_programs_load_elsewhere_and_compute_the_same(made, python, tmp_path):
    for name, item in made.items():
        (tmp_path / f"{name}.pt2").write_bytes(item.program)
        save_file(item.inputs, tmp_path / f"{name}-inputs.safetensors")
    done = run(python, tmp_path, "-c", LOAD_PROGRAMS, *made)
    assert done.returncode == 0, done.stderr
    for name, item in made.items():
        answered = load_file(tmp_path / f"{name}-scores.safetensors")
        for key, expected in item.scores.items():
            assert (answered[key] - expected).abs().max() <= 1e-5 * expected.abs().max(), (name, key)


def test_onnx_models_load_elsewhere_and_compute_the_same(made, tmp_path):
    python = make_environment(tmp_path / "python", RUNTIME_PACKAGES)
    for name, item in made.items():
        (tmp_path / f"{name}.onnx").write_bytes(item.model)
        np.savez(tmp_path / f"{name}-inputs.npz", **{key: value.numpy() for key, value in item.inputs.items()})
    done = run(python, tmp_path, "-c", LOAD_ONNX, *made)
    assert done.returncode == 0, done.stderr
    for name, item in made.items():
        with np.load(tmp_path / f"{name}-scores.npz") as answered:
            for key, expected in item.scores.items():
                assert np.abs(answered[key] - expected.numpy()).max() <= 1e-4 * expected.abs().max(), (name, key)
                assert (answered[key].argmax(1) == expected.numpy().argmax(1)).all()


def test_masks_of_booleans_are_computed_the_same_in_both_formats():
    masked = BY_NAME["masked"]
    network = remove(masked.network(), random_masks(masked.network(), 0.3))
    traced = trace_program(network)
    program = torch.export.load(io.BytesIO(write_exported_program(traced))).module()
    session = OnnxSession(write_onnx(network, traced, FACTS), threads=1)
    inputs = masked.inputs(3)
    with torch.no_grad():
        expected, answer = build(network)(*inputs), program(*inputs)
    assert torch.equal(answer, expected)
    assert np.abs(session.scores([*inputs]) - expected.numpy()).max() <= 1e-5


def test_files_name_no_folder_of_this_machine(made):
    for item in made.values():
        for file in (item.program, item.model):
            assert b".py" not in file
            assert b"site-packages" not in file


def test_equal_networks_give_equal_files(made):
    again, name = make(LENET5), case_name(LENET5)
    assert (again.program, again.model) == (made[name].program, made[name].model)


def test_an_onnx_model_states_its_opset_and_its_origin(made):
    for item in made.values():
        model = onnx.load(io.BytesIO(item.model))
        onnx.checker.check_model(model, full_check=True)
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
        assert {entry.key: json.loads(entry.value) for entry in model.metadata_props} == {"secateur": FACTS}


@pytest.fixture(scope="module")
def lenet(made):
    """A LeNet-5, its ONNX model, and a test split."""
    item = made[case_name(LENET5)]
    inputs = torch.randn(500, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    test = Examples(Inputs.of(inputs), torch.zeros(500, dtype=torch.int64))
    return item.network, item.model, Feed(test, test, network_inputs(item.network))


def test_the_check_compares_the_whole_test_split(lenet):
    network, model, test = lenet
    check = check_onnx(model, network, whole_split(test, PLAIN), threads=1)
    assert (check.examples, check.available, check.agreement, check.opset) == (500, 500, 1.0, OPSET)
    assert check.largest_difference <= 1e-4


def test_without_its_data_a_model_is_checked_on_random_inputs(lenet):
    network, model, _ = lenet
    check = check_onnx(model, network, random_examples(network), threads=1)
    assert (check.data, check.agreement) == ("random inputs", 1.0)


@pytest.mark.parametrize("damage", [1.01, float("nan")])
def test_a_model_that_answers_otherwise_is_refused(lenet, damage):
    network, _, test = lenet
    tensors = dict(network.tensors)
    tensors["fc2.bias"] = tensors["fc2.bias"] * damage
    other = type(network)(network.graph, tensors)
    model = write_onnx(other, trace_program(other), FACTS)
    with pytest.raises(JobFailure, match="does not answer as the network does") as failure:
        check_onnx(model, network, whole_split(test, PLAIN), threads=1)
    assert failure.value.code is FailureCode.EXPORT_FAILED


def test_a_session_takes_the_threads_it_is_given(lenet):
    _, model, test = lenet
    session = OnnxSession(model, threads=2)
    assert session.scores([*test.test.inputs.at(slice(7))]).shape == (7, 10)

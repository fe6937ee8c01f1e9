"""Networks with several inputs on their way out: every format takes them by name and gives the measured accuracy."""

import io
import json

import onnx
import pytest
import torch

from backend.domain.delivery import Format
from tests.engine.runs import CPU, collect_run, recipe
from tests.engine.several_inputs import pictures, sentences, two_images, words
from worker.delivery import Origin, bundle, manifest
from worker.delivery.formats import Subject, make_file
from worker.delivery.latency import Contestant, measure_latency
from worker.delivery.manifest import read_scaling
from worker.delivery.onnx_check import check_onnx, random_examples
from worker.delivery.onnx_check import test_split as whole_split
from worker.engine.feeding import feed
from worker.engine.network import build
from worker.intake.exported_program.reader import read_program
from worker.intake.onnx.reader import read_onnx

CASES = {"two images": (two_images, pictures, ("left", "right")), "words": (words, sentences, ("tokens", "input_1"))}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def case(request):
    """A thin network with what it was made from, and the names of its inputs."""
    network, dataset, names = request.param[0](), request.param[1](), request.param[2]
    return collect_run(network, dataset, recipe()).points[-1], dataset, names


def test_the_source_scales_and_computes_what_the_worker_measured(case, tmp_path):
    finished, dataset, names = case
    files = bundle(finished.network, None, manifest(Origin("", "", 0, "cpu"), finished.point, finished.scaling))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    source = {"__name__": "model", "__file__": str(tmp_path / "model.py")}
    exec(compile(files["model.py"], "model.py", "exec"), source)
    stored = {name: dataset.test.inputs.tensors[dataset.names.index(name)] for name in names}
    with torch.no_grad():
        answers = source["load"]()(*source["scale"](**stored)).argmax(1)
    assert (answers == dataset.test.labels).float().mean().item() == pytest.approx(finished.point.test_accuracy)
    exec(compile(files["model.py"], "model.py", "exec"), source | {"__name__": "__main__"})
    told = json.loads(files["manifest.json"])["network"]
    shapes = [list(stored[name].shape[1:]) for name in names]
    assert [(item["name"], item["shape"]) for item in told["inputs"]] == list(zip(names, shapes, strict=True))
    assert "input_shape" not in told


def test_the_manifest_tells_the_scaling_of_every_input_and_it_is_read_again(case):
    finished, _, names = case
    told = json.loads(json.dumps(manifest(Origin("", "", 0, "cpu"), finished.point, finished.scaling)))
    assert [item["name"] for item in told["input_scaling"]["inputs"]] == list(names)
    assert read_scaling(told) == finished.scaling


def test_exported_program_and_onnx_model_keep_the_names_and_compute_the_same(case, tmp_path):
    finished, dataset, names = case
    subject, fed = Subject(finished.network, finished.scaling), feed(finished.network, dataset)
    check = whole_split(fed, finished.scaling)
    batch = check.batch(3, 11)
    with torch.no_grad():
        expected = build(finished.network).eval()(*batch)
    made = {wanted: make_file(wanted, subject, check, 1) for wanted in (Format.EXPORTED_PROGRAM, Format.ONNX)}
    program, model = (made[wanted] for wanted in (Format.EXPORTED_PROGRAM, Format.ONNX))
    (tmp_path / program.name).write_bytes(program.data)
    for again in (read_program(tmp_path / program.name), read_onnx(model.data).network):
        assert tuple(info.name for info in again.graph.inputs) == names
        with torch.no_grad():
            torch.testing.assert_close(build(again).eval()(*batch), expected, rtol=1e-5, atol=1e-6)
    facts = model.facts.onnx_check
    assert (facts.examples, facts.agreement) == (len(dataset.test), 1.0)
    assert tuple(item.name for item in onnx.load(io.BytesIO(model.data)).graph.input) == names
    assert check_onnx(model.data, finished.network, random_examples(finished.network), threads=1).agreement == 1.0


def test_latency_is_measured_with_all_inputs(case):
    finished, _, _ = case
    contestant = Contestant(finished.network, "There is no model.")
    report = measure_latency(contestant, contestant, threads=1, seconds=0.5)
    reasons = {gap.reason for gap in report.gaps if gap.runtime == "onnxruntime"}
    assert reasons == {"There is no model."}
    assert all("longer than" in gap.reason for gap in report.gaps if gap.runtime == "torch")  # on a busy machine


def test_examples_are_scaled_as_the_source_scales_them(case):
    finished, dataset, _ = case
    whole = finished.scaling.on(CPU)(feed(finished.network, dataset).test.inputs)
    parts = whole_split(feed(finished.network, dataset), finished.scaling).batch(0, len(dataset.test))
    assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))

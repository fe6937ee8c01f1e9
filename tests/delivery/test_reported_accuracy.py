"""A finished run's download, run elsewhere, has the accuracy that the run reported."""

import json

import pytest
from safetensors.torch import save_file

from tests.delivery.fresh import run as run_fresh
from tests.engine.runs import CPU, blobs, collect, recipe, small_lenet
from worker.delivery import Origin, bundle, manifest
from worker.engine.run import run

MEASURE = """
import runpy
import sys
import torch
from safetensors.torch import load_file
test = load_file("test.safetensors")
for folder in sys.argv[1:]:
    model = runpy.run_path(f"{folder}/model.py")
    with torch.no_grad():
        scores = model["load"]()(model["scale"](test["inputs"]))
    print((scores.argmax(1) == test["labels"]).double().mean().item())
"""


@pytest.fixture(scope="module")
def finished():
    """The points of a short run on a small network, and its test split."""
    data = blobs()
    return collect(run(small_lenet(), data, recipe(), CPU, should_stop=lambda: False)).points, data.test


def test_every_point_has_its_reported_test_accuracy_in_a_fresh_environment(finished, python, tmp_path):
    points, test = finished
    save_file({"inputs": test.inputs.tensors[0], "labels": test.labels}, tmp_path / "test.safetensors")
    reported = []
    for number, done in enumerate(points):
        folder = tmp_path / str(number)
        folder.mkdir()
        told = manifest(Origin("", "blobs", 0, "cpu"), done.point, done.scaling, recipe())
        for name, content in bundle(done.network, recipe(), told).items():
            (folder / name).write_bytes(content)
        reported.append(json.loads((folder / "manifest.json").read_text())["operating_point"]["test_accuracy"])
    measured = run_fresh(python, tmp_path, "-c", MEASURE, *(str(number) for number in range(len(points))))
    assert measured.returncode == 0, measured.stderr
    assert [float(line) for line in measured.stdout.split()] == pytest.approx(reported, abs=1e-9)
    assert points[-1].point.macs < points[0].point.macs

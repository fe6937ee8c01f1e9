"""What a user downloads runs in an environment that has never heard of Secateur."""

import json
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from backend.domain.reports import OperatingPoint
from tests.delivery.fresh import run
from tests.engine.masking import random_masks
from tests.engine.zoo_cases import LENET5, RESNET20, VGG_SMALL, case_name
from worker.delivery import Origin, bundle, manifest
from worker.engine.network import build
from worker.engine.scaling import ChannelScaling, Scaling
from worker.engine.surgery import remove

POINT = OperatingPoint(
    index=0, step=0, sparsity=0.0, macs=1, parameters=1, widths=(), dense_accuracy=0, pruned_accuracy=0,
    retrained_accuracy=0, retrained_loss=0, test_accuracy=0, test_loss=0,
)  # fmt: skip
CHECK = """
import sys
import torch
from safetensors.torch import load_file, save_file
for name in ("backend", "worker", "pydantic"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    sys.exit(f"{name} can be imported")
sys.path.insert(0, ".")
import model
stored = load_file("stored.safetensors")["stored"]
with torch.no_grad():
    save_file({"scores": model.load()(model.scale(stored))}, "scores.safetensors")
"""


@pytest.mark.parametrize("case", [LENET5, VGG_SMALL, RESNET20], ids=case_name)
def test_a_bundle_reproduces_the_workers_outputs(case, python, tmp_path):
    channels = case.input_shape[0]
    scaling = Scaling.one(ChannelScaling(mean=(0.3,) * channels, std=(0.4,) * channels, divisor=255.0))
    network = remove(case.network(), random_masks(case.network(), 0.5))
    told = manifest(Origin("", "", 0, "cpu"), POINT, scaling)
    for name, content in bundle(network, None, told).items():
        (tmp_path / name).write_bytes(content)
    stored = torch.randint(0, 256, (5, *case.input_shape), dtype=torch.uint8)
    save_file({"stored": stored}, tmp_path / "stored.safetensors")

    done = run(python, tmp_path, "-c", CHECK)
    assert done.returncode == 0, done.stderr

    scores = load_file(tmp_path / "scores.safetensors")["scores"]
    with torch.no_grad():
        expected = build(network)((stored.float() / 255 - 0.3) / 0.4)
    assert (scores - expected).abs().max() < 1e-5
    assert json.loads((tmp_path / "manifest.json").read_text())["network"]["parameters"] > 0


def test_the_source_checks_itself_when_run(python, tmp_path):
    told = manifest(Origin("", "", 0, "cpu"), POINT, Scaling.one(ChannelScaling((0.0,), (1.0,), 1.0)))
    for name, content in bundle(LENET5.network(), None, told).items():
        (tmp_path / name).write_bytes(content)
    done = run(python, "/", tmp_path / "model.py")
    assert done.returncode == 0, done.stderr
    assert "431,080 parameters" in done.stdout
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    assert run(python, "/", tmp_path / "model.py").returncode != 0


def test_the_fresh_environment_really_lacks_secateur(python, tmp_path):
    done = run(python, tmp_path, "-c", "import worker")
    assert "ModuleNotFoundError" in done.stderr
    assert sys.prefix not in run(python, tmp_path, "-c", "import sys; print(sys.prefix)").stdout

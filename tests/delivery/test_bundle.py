"""The files of an operating point, and the zip around them."""

import hashlib
import io
import json
import zipfile

import pytest
from safetensors import safe_open
from safetensors.torch import load as load_tensors

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from tests.engine.zoo_cases import LENET5
from worker.delivery import Origin, bundle, manifest, write_zip
from worker.engine.counting import count_macs
from worker.engine.scaling import ChannelScaling, Scaling

SCALING = Scaling.one(ChannelScaling(mean=(0.3,), std=(0.5,), divisor=255.0))
POINT = OperatingPoint(
    index=1,
    step=40,
    sparsity=0.5,
    macs=1,
    parameters=1,
    widths=(10, 25, 250),
    dense_accuracy=0.9,
    pruned_accuracy=0.5,
    retrained_accuracy=0.89,
    retrained_loss=0.3,
    test_accuracy=0.88,
    test_loss=0.35,
)
ORIGIN = Origin(model_hash="a" * 64, dataset_hash="b" * 64, seed=3, device="cpu")


def recipe():
    return next(iter(PRESETS.values())).recipe


def files():
    return bundle(LENET5.network(), recipe(), manifest(ORIGIN, POINT, SCALING, recipe()))


def test_a_bundle_holds_weights_source_recipe_and_manifest():
    assert list(files()) == ["model.safetensors", "model.py", "recipe.json", "manifest.json"]


def test_a_sample_network_has_no_recipe():
    made = bundle(LENET5.network(), None, manifest(ORIGIN, POINT, SCALING))
    assert list(made) == ["model.safetensors", "model.py", "manifest.json"]
    assert json.loads(made["manifest.json"])["recipe_fingerprint"] is None


def test_the_manifest_names_every_other_file_with_its_hash():
    made = files()
    told = json.loads(made["manifest.json"])["files"]
    assert {name: entry["sha256"] for name, entry in told.items()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in made.items() if name != "manifest.json"
    }
    assert all(entry["size"] == len(made[name]) for name, entry in told.items())


def test_the_manifest_tells_where_the_network_comes_from():
    told = json.loads(files()["manifest.json"])
    assert told["seed"] == 3
    assert told["model_sha256"] == "a" * 64
    assert told["dataset_sha256"] == "b" * 64
    assert told["recipe_fingerprint"] == recipe().fingerprint()
    assert told["hardware"]["device"] == "cpu"
    assert told["hardware"]["threads"] >= 1
    assert {"python", "torch", "safetensors", "secateur", "numpy"} == set(told["versions"])
    assert told["input_scaling"] == {"divisor": 255.0, "mean": [0.3], "std": [0.5]}
    assert told["operating_point"]["test_accuracy"] == 0.88
    assert told["network"]["macs"] == count_macs(LENET5.network())


def test_the_recipe_in_the_bundle_is_the_recipe():
    assert Recipe.model_validate_json(files()["recipe.json"]).fingerprint() == recipe().fingerprint()


def test_the_weights_carry_their_origin(tmp_path):
    made = files()["model.safetensors"]
    assert set(load_tensors(made)) == set(LENET5.network().tensors)
    path = tmp_path / "model.safetensors"
    path.write_bytes(made)
    with safe_open(path, "pt") as opened:
        origin = json.loads(opened.metadata()["secateur"])
    assert origin == {"architecture": "lenet5", "input_shape": [1, 28, 28], "class_count": 10}


def test_equal_inputs_give_equal_bytes():
    assert files() == files()
    assert write_zip(files()) == write_zip(files())


def test_the_zip_opens_and_holds_the_files():
    made = files()
    with zipfile.ZipFile(io.BytesIO(write_zip(made))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == made
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_manifest_without_scaling_is_refused():
    with pytest.raises(KeyError, match="input_scaling"):
        bundle(LENET5.network(), None, {})

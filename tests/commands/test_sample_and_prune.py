import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from backend.domain.errors import InvalidValue
from backend.domain.instability import measured_removals
from backend.domain.network import ArchitectureMatch
from backend.domain.presets import PRESETS
from backend.domain.reports import RunReport
from worker.cli import secateur
from worker.engine.checkpoint import Checkpoint
from worker.local import pick_architecture


def call(*arguments: object) -> Result:
    return CliRunner().invoke(secateur, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LeNet-300-100 trained on digits for two epochs."""
    file = tmp_path_factory.mktemp("sample") / "lenet300.safetensors"
    result = call(
        "sample", "lenet300", "--data", "digits", "--epochs", 2, "--threads", 1, "--device", "cpu", "-o", file
    )
    assert result.exit_code == 0, result.output
    assert "test accuracy" in result.stdout
    return file


def prune(checkpoint: Path, folder: Path, *more: object) -> Result:
    fixed = ("--architecture", "lenet300", "--device", "cpu", "--threads", 1, "-o", folder)
    return call("prune", checkpoint, "--data", "digits", *fixed, *more)


@pytest.fixture
def short_recipe(tmp_path: Path) -> Path:
    """Two points, two epochs in all."""
    recipe = PRESETS["magnitude-channel"].recipe
    changed = recipe.model_copy(
        update={
            "prune": recipe.prune.model_copy(update={"points": 2, "schedule": {"kind": "one_shot"}}),
            "retrain": recipe.retrain.model_copy(update={"epochs": 1}),
        }
    )
    file = tmp_path / "recipe.json"
    file.write_text(changed.model_dump_json(warnings=False))
    return file


def test_every_point_becomes_a_zip_and_the_history_is_written(checkpoint, short_recipe, tmp_path):
    folder = tmp_path / "out"
    result = prune(checkpoint, folder, "--recipe", short_recipe, "--macs", 0.25, "--seed", 3, "--measure-removals")
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in folder.iterdir()) == [
        "first-layers.html",
        "history.json",
        "point-0.zip",
        "point-1.zip",
        "pruned.zip",
    ]
    page = (folder / "first-layers.html").read_text()
    assert page.count("<h2>") == page.count("<code>fc1</code>") == 3
    assert page.count("Plotly.newPlot(") == 3
    assert "Every neuron that is left reads every pixel" in page
    report = RunReport.model_validate_json((folder / "history.json").read_text())
    removals = measured_removals(report.steps)
    assert len(removals) == 2
    taken = f"The removal took {removals[1].instability * 100:.2f} points of validation accuracy"
    assert taken in " ".join(result.stderr.split())
    assert report.points[-1].macs <= 0.25 * report.layout.dense_macs
    assert [scores.point for scores in report.scores] == [1, 2]
    assert all(sum(layer.kept) for scores in report.scores for layer in scores.layers)
    with zipfile.ZipFile(io.BytesIO((folder / "pruned.zip").read_bytes())) as archive:
        assert set(archive.namelist()) == {"model.safetensors", "model.py", "recipe.json", "manifest.json"}
        manifest = json.loads(archive.read("manifest.json"))
        recipe = json.loads(archive.read("recipe.json"))
    assert manifest["seed"] == recipe["seed"] == 3
    assert manifest["operating_point"]["test_accuracy"] == report.points[-1].test_accuracy


def test_other_formats_and_latency_go_into_the_zips(checkpoint, short_recipe, tmp_path):
    folder = tmp_path / "out"
    result = prune(checkpoint, folder, "--recipe", short_recipe, "--formats", "onnx, pt2", "--latency")
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(folder / "pruned.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert list(files) == [
        *("model.safetensors", "model.py", "recipe.json", "model.pt2", "model.onnx", "manifest.json"),
    ]
    manifest = json.loads(files.pop("manifest.json"))
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert manifest["checks"]["model.onnx"]["agreement"] == 1.0
    assert {row["batch"] for row in manifest["latency"]["rows"] + manifest["latency"]["gaps"]} == {1, 64}
    assert re.search(r"torch, batch 1, 1 threads?: .* ms dense, .* ms thin, \d", result.stdout)
    with zipfile.ZipFile(folder / "point-0.zip") as archive:
        assert "latency" not in json.loads(archive.read("manifest.json"))


def test_a_failed_format_is_a_sentence_and_the_rest_is_written(checkpoint, short_recipe, tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise torch.onnx.errors.OnnxExporterError("No translation of aten.frobnicate")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    result = prune(checkpoint, tmp_path / "out", "--recipe", short_recipe, "--formats", "pt2,onnx")
    assert result.exit_code == 1
    assert "cannot be written as an ONNX model: No translation of aten.frobnicate." in result.stderr
    with zipfile.ZipFile(tmp_path / "out" / "pruned.zip") as archive:
        assert {"model.safetensors", "model.pt2"} <= set(archive.namelist())


def test_the_same_command_writes_the_same_bytes(checkpoint, short_recipe, tmp_path):
    for name in ("first", "second"):
        assert prune(checkpoint, tmp_path / name, "--recipe", short_recipe).exit_code == 0
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes(), file.name


def test_an_npz_file_serves_as_data(checkpoint, short_recipe, tmp_path):
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 10
    file = tmp_path / "data.npz"
    pixels = generator.integers(0, 17, (80, 1, 8, 8)).astype(np.uint8)
    np.savez(file, x_train=pixels[:60], y_train=labels[:60], x_test=pixels[60:], y_test=labels[60:])
    folder = tmp_path / "out"
    fixed = ("--architecture", "lenet300", "--device", "cpu", "--threads", 1, "-o", folder)
    result = call("prune", checkpoint, "--data", file, "--recipe", short_recipe, *fixed)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--macs", 0.5, "--sparsity", 0.5), "Give one target"),
        (("--preset", "uniform", "--recipe", "RECIPE"), "contradict"),
        (("--macs", 0.000001), "The nearest reachable point is target.density"),
        (("--macs", 1.5), "--macs"),
        (("--sparsity", "nan"), "Invalid value for '--sparsity': nan is not in the range 0<x<1."),
        (("--preset", "louizos2018-l0", "--pin", "fc1", "--pin", "fc2"), "channels that may go, and there are none"),
        (("--device", "cuda:99"), "no device"),
        (("--architecture", "vgg16_bn"), "vgg16_bn"),
        (("--data", "cifar"), "There is no dataset `cifar`"),
        (("--formats", "onnx,tflite"), "There is no format `tflite`. Choose among safetensors, pt2, onnx."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(checkpoint, short_recipe, tmp_path, options, words):
    result = prune(
        checkpoint, tmp_path / "out", *[short_recipe if option == "RECIPE" else option for option in options]
    )
    assert result.exit_code != 0
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_what_does_nothing_with_the_network_is_told_before_the_run(checkpoint, tmp_path):
    result = prune(checkpoint, tmp_path / "out", "--preset", "han2015-magnitude", "--sparsity", 0.999999)
    told = result.stderr.index("prune.granularity.rescale_dropout does nothing with this network")
    assert told < result.stderr.index("The nearest reachable point")


def match(architecture: str, *shape: int) -> ArchitectureMatch:
    return ArchitectureMatch(architecture=architecture, title=architecture, input_shape=shape, class_count=10)


MATCHES = (match("lenet300", 1, 8, 8), match("lenet300", 64), match("mlp", 1, 8, 8))


def test_of_several_architectures_the_named_one_is_taken_in_the_datasets_shape():
    assert pick_architecture(MATCHES, (1, 8, 8), "lenet300") == MATCHES[0]
    assert pick_architecture(MATCHES, (64,), None) == MATCHES[1]


def test_without_a_dataset_the_shape_is_named_too():
    assert pick_architecture(MATCHES, None, "lenet300:64") == MATCHES[1]
    assert pick_architecture(MATCHES, None, "mlp") == MATCHES[2]
    with pytest.raises(InvalidValue, match="lenet300:1x8x8, lenet300:64, mlp:1x8x8"):
        pick_architecture(MATCHES, None, "lenet300")


@pytest.mark.parametrize("architecture", [None, "vgg16_bn"])
def test_where_nothing_decides_the_user_is_asked(architecture):
    with pytest.raises(InvalidValue, match="lenet300, mlp") as refusal:
        pick_architecture(MATCHES, (1, 8, 8), architecture)
    assert "--architecture" in refusal.value.hint


def test_a_run_that_timed_the_layers_says_where_the_times_are(checkpoint, tmp_path):
    cost = {"kind": "fixed", "counted": "latency"}
    value = {
        "target": {"kind": "macs", "density": 0.9},
        "prune": {"criterion": {"kind": "fisher"}, "cost": cost, "schedule": {"kind": "one_shot"}, "points": 1},
        "retrain": {"epochs": 0},
    }
    file, folder = tmp_path / "recipe.json", tmp_path / "out"
    file.write_text(json.dumps(value))
    result = prune(checkpoint, folder, "--recipe", file)
    assert result.exit_code == 0, result.output
    assert "layout.latency" in result.stdout
    report = RunReport.model_validate_json((folder / "history.json").read_bytes())
    assert set(report.layout.latency.milliseconds) == {"fc1", "fc2", "fc3"}


def test_a_broken_recipe_names_the_field(checkpoint, tmp_path):
    file = tmp_path / "recipe.json"
    value = PRESETS["theis2018-fisher"].recipe.model_dump(mode="json")
    value["prune"]["cost"]["beta"] = -1
    file.write_text(json.dumps(value))
    result = prune(checkpoint, tmp_path / "out", "--recipe", file)
    assert result.exit_code != 0
    assert "prune.cost.fixed.beta" in result.stderr


def test_a_refused_run_names_what_is_wrong_and_leaves_no_folder(checkpoint, tmp_path):
    result = prune(checkpoint, tmp_path / "a", "--preset", "erk", "--width-multiple", "8")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The options: prune.width_multiple: ")
    result = prune(checkpoint, tmp_path / "b", "--macs", "0.0001")
    assert result.exit_code == 1
    assert "at least" in result.stderr
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["point-4.zip", "pruned.zip", "last-good-checkpoint.safetensors"])
def test_a_folder_of_an_earlier_run_is_refused_and_stays_as_it_is(checkpoint, short_recipe, tmp_path, name):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / name).write_bytes(b"earlier")
    result = prune(checkpoint, folder, "--recipe", short_recipe)
    assert result.exit_code == 1
    assert f"out holds files of an earlier run, such as {name}. Give another folder" in result.stderr
    assert [(file.name, file.read_bytes()) for file in folder.iterdir()] == [(name, b"earlier")]


def test_no_folder_to_write_into_is_noticed_before_training(tmp_path):
    result = call("sample", "lenet300", "--data", "digits", "-o", tmp_path / "missing" / "a.safetensors")
    assert result.exit_code != 0
    assert "There is no folder" in result.stderr


def test_a_run_that_diverges_keeps_its_points_and_the_last_good_checkpoint(checkpoint, short_recipe, tmp_path):
    recipe = json.loads(short_recipe.read_text())
    wild = {"kind": "sgd", "learning_rate": 10.0, "momentum": 0.0, "weight_decay": 1.0}  # weights grow ninefold a step
    recipe["retrain"] |= {"epochs": 5, "steps_per_record": 4, "optimizer": wild}
    short_recipe.write_text(json.dumps(recipe))
    folder = tmp_path / "out"
    result = prune(checkpoint, folder, "--recipe", short_recipe)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert re.search(r"diverged in optimizer step \d+ of \d+ in section retrain", result.stderr)
    assert "Lower retrain.optimizer.learning_rate (it is 10)" in result.stderr
    assert "Traceback" not in result.output
    saved = Checkpoint.from_bytes((folder / "last-good-checkpoint.safetensors").read_bytes())
    assert f"after step {saved.step} of the history, is kept" in result.stderr
    report = RunReport.model_validate_json((folder / "history.json").read_text())
    assert report.steps[-1].step == saved.step
    assert (folder / "point-0.zip").exists()
    assert not (folder / "pruned.zip").exists()

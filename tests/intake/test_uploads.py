"""Whole uploads through the locked-down child: what a job of the intake queue sees."""

import numpy as np
import pytest
import torch
from safetensors.torch import save as save_safetensors

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import ArchitectureMatch
from tests.intake import checkpoints
from tests.intake.checkpoints import SHAPE, lenet5, saved, with_value
from worker.data import from_neutral
from worker.engine.network import build, load
from worker.intake.datasets import inspect_dataset
from worker.intake.models import inspect_model
from worker.intake.outcome import Choice, Ready
from worker.sandbox import parent

CODE = FailureCode
pytestmark = pytest.mark.usefixtures("scratch")


def upload(tmp_path, content: bytes, name: str):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def arrays(**changes):
    draws = np.random.default_rng(0)
    plain = {
        "x_train": draws.integers(0, 255, (20, 28, 28), dtype=np.uint8),
        "y_train": np.arange(20) % 10,
        "x_test": draws.integers(0, 255, (10, 28, 28), dtype=np.uint8),
        "y_test": np.arange(10) % 10,
    }
    return plain | changes


@pytest.mark.parametrize("write", [saved, save_safetensors])
def test_a_checkpoint_becomes_a_network_that_computes_the_same(tmp_path, write):
    module = lenet5()
    intake = inspect_model(upload(tmp_path, write(module.state_dict()), "lenet"), None)
    assert isinstance(intake, Ready)
    assert (intake.summary.architecture, intake.summary.input_shape, intake.summary.class_count) == (
        "lenet5",
        SHAPE,
        10,
    )
    inputs = torch.rand(3, *SHAPE)
    assert torch.allclose(build(load(intake.files)).eval()(inputs), module.eval()(inputs), atol=1e-6)


def test_where_several_architectures_fit_the_user_picks(tmp_path):
    state = {"fc1.weight": torch.zeros(300, 784), "fc1.bias": torch.zeros(300)}
    state |= {"fc2.weight": torch.zeros(100, 300), "fc2.bias": torch.zeros(100)}
    state |= {"fc3.weight": torch.zeros(10, 100), "fc3.bias": torch.zeros(10)}
    path = upload(tmp_path, save_safetensors(state), "perceptron.safetensors")
    choice = inspect_model(path, None)
    assert isinstance(choice, Choice)
    picked = next(match for match in choice.matches if match.architecture == "mlp")
    assert inspect_model(path, picked).summary.architecture == "mlp"


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (checkpoints.gadget, CODE.UNSAFE_FILE, "the Python object `exec`"),
        (checkpoints.whole_module, CODE.UNSAFE_FILE, "Sequential`"),
        (checkpoints.expand_bomb, CODE.REJECTED_FILE, "stores only 4"),
        (lambda _: saved(lenet5().state_dict())[:-100], CODE.REJECTED_FILE, "is cut short or damaged"),
        (lambda _: save_safetensors(with_value(float("nan"))), CODE.NON_FINITE_WEIGHTS, "`conv2.weight`"),
        (lambda _: saved({"a.weight": torch.zeros(3, 3)}), CODE.UNKNOWN_ARCHITECTURE, "fits no known architecture"),
    ],
)
def test_a_bad_checkpoint_gets_a_sentence_that_names_it(tmp_path, content, code, sentence):
    marker = tmp_path / "marker"
    path = upload(tmp_path, content(marker), "stored-under-another-name")
    with pytest.raises(JobFailure) as caught:
        inspect_model(path, None, name="net.pt")
    assert caught.value.code is code
    assert caught.value.detail.startswith("`net.pt`")
    assert sentence in caught.value.detail
    assert not marker.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["stored-under-another-name"]


def test_tensors_that_do_not_fit_the_picked_architecture_are_refused(tmp_path):
    choice = ArchitectureMatch(architecture="lenet300", title="LeNet-300-100", input_shape=SHAPE, class_count=10)
    with pytest.raises(JobFailure, match=r"`net\.pt`: The tensors do not fit LeNet-300-100") as caught:
        inspect_model(upload(tmp_path, saved(lenet5().state_dict()), "net.pt"), choice)
    assert caught.value.code is CODE.ARCHITECTURE_MISMATCH


def test_a_dataset_survives_the_way_through_the_sandbox(tmp_path):
    np.savez_compressed(tmp_path / "d.npz", **arrays())
    neutral = inspect_dataset(tmp_path / "d.npz")
    assert neutral.summary.input_shape == SHAPE
    assert neutral.examples_png.startswith(b"\x89PNG")
    dataset = from_neutral(neutral.tensors)
    assert np.array_equal(dataset.train.inputs.tensors[0][:, 0].numpy(), arrays()["x_train"])
    assert dataset.test.labels.tolist() == arrays()["y_test"].tolist()


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"y_train": np.arange(19) % 10}, CODE.INVALID_DATASET, "but 19 labels in `y_train`"),
        ({"x_test": np.array([None] * 10, dtype=object)}, CODE.UNSAFE_FILE, "Python objects in `x_test`"),
    ],
)
def test_a_bad_dataset_gets_a_sentence_that_names_it(tmp_path, changes, code, sentence):
    np.savez(tmp_path / "stored", **arrays(**changes), allow_pickle=True)
    with pytest.raises(JobFailure) as caught:
        inspect_dataset(tmp_path / "stored.npz", name="clothes.npz")
    assert caught.value.code is code
    assert caught.value.detail.startswith("`clothes.npz`")
    assert sentence in caught.value.detail


LOCKLESS = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from worker.sandbox import kernel, landlock\n"
    "def interface_version(): raise kernel.Unsupported('no Landlock here')\n"
    "landlock.interface_version = interface_version\n"
    "from worker.sandbox.child import main; main()"
)


@pytest.fixture
def without_landlock(monkeypatch):
    monkeypatch.setattr(parent, "BOOTSTRAP", LOCKLESS)


def test_without_a_lock_pickles_and_archives_stay_closed(tmp_path, without_landlock):
    np.savez(tmp_path / "d.npz", **arrays())
    for inspect in (
        lambda: inspect_model(upload(tmp_path, saved({}), "net.pt"), None),
        lambda: inspect_dataset(tmp_path / "d.npz"),
    ):
        with pytest.raises(JobFailure, match="cannot lock down") as caught:
            inspect()
        assert caught.value.code is CODE.SANDBOX_UNAVAILABLE
        assert ".safetensors" in caught.value.hint


def test_without_a_lock_safetensors_and_what_a_setting_allows_are_read(tmp_path, without_landlock):
    state = {"layer.weight": torch.zeros(3, 3)}
    with pytest.raises(JobFailure, match="fits no known architecture"):
        inspect_model(upload(tmp_path, save_safetensors(state), "net"), None)
    with pytest.raises(JobFailure, match="fits no known architecture"):
        inspect_model(upload(tmp_path, saved(state), "net.pt"), None, allow_unsandboxed=True)

"""What the child does with every kind of file, run here without the lock: nothing below may run code anyway."""

import collections

import pytest
import torch
from safetensors.torch import save as save_safetensors
from torch import nn

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import ArchitectureMatch
from tests.intake import checkpoints
from tests.intake.checkpoints import SHAPE, lenet5, saved, with_value, zipped
from worker.engine.network import NetworkFiles, build, load
from worker.intake import model_child

CODE = FailureCode


def inspect(tmp_path, content: bytes, name="upload.pt", choice=None):
    file, folder = tmp_path / name, tmp_path / "out"
    file.write_bytes(content)
    folder.mkdir()
    arguments = {"name": name, "choice": choice, "graph": "graph", "weights": "weights", "summary": "summary"}
    arguments |= {"seconds": 60, "is_gated": True}
    return model_child.inspect(file, folder, arguments)


def refusal(tmp_path, content: bytes, **options) -> JobFailure:
    with pytest.raises(JobFailure) as caught:
        inspect(tmp_path, content, **options)
    assert caught.value.detail.startswith("`upload.pt` ")
    assert caught.value.hint
    assert list((tmp_path / "out").iterdir()) == []
    return caught.value


@pytest.mark.parametrize(
    ("make", "code", "sentence"),
    [
        (checkpoints.gadget, CODE.UNSAFE_FILE, "the Python object `exec`"),
        (checkpoints.legacy_gadget, CODE.UNSAFE_FILE, "the Python object `exec`"),
        (checkpoints.bare_pickle, CODE.UNSAFE_FILE, "is a bare pickle"),
        (checkpoints.whole_module, CODE.UNSAFE_FILE, "the Python object `torch.nn.modules.container.Sequential`"),
        (checkpoints.torchscript, CODE.UNSAFE_FILE, "is a TorchScript program"),
        (checkpoints.tar, CODE.UNSAFE_FILE, "is a tar archive"),
        (checkpoints.compressed, CODE.REJECTED_FILE, "is compressed or encrypted"),
        (checkpoints.expand_bomb, CODE.REJECTED_FILE, "declares `weight` with 4000000000000 bytes, but stores only 4"),
        (checkpoints.strided_bomb, CODE.REJECTED_FILE, "declares `weight` with 4000 bytes, but stores only 76"),
        (checkpoints.shared_bomb, CODE.REJECTED_FILE, "declares 400000 bytes of weights in a file of"),
    ],
)
def test_a_hostile_file_is_refused_by_name_and_runs_nothing(tmp_path, make, code, sentence):
    marker = tmp_path / "marker"
    failure = refusal(tmp_path, make(marker))
    assert failure.code is code
    assert sentence in failure.detail
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (b"", CODE.REJECTED_FILE, "is empty"),
        (b"\x89HDF\r\n\x1a\n", CODE.REJECTED_FILE, "is an HDF5 file"),
        (b"<!DOCTYPE html>", CODE.REJECTED_FILE, "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1", CODE.REJECTED_FILE, "is a Git LFS pointer"),
        (b"\x1f\x8b\x08", CODE.REJECTED_FILE, "is a gzip archive"),
        (b"GGUF....", CODE.REJECTED_FILE, "is a GGUF file"),
        (b"just some text", CODE.REJECTED_FILE, "is neither a state dict, an exported program nor an ONNX model"),
        (b"\x80", CODE.UNSAFE_FILE, "is a bare pickle"),
        (b"\xff" * 600, CODE.REJECTED_FILE, "is neither"),
        (b"PK\x03\x04 and nothing more", CODE.REJECTED_FILE, "is cut short or damaged"),
        (zipped(["config.json", "model.weights.h5"]), CODE.REJECTED_FILE, "not one that PyTorch wrote"),
        (zipped(["x_train.npy"]), CODE.REJECTED_FILE, "holds NumPy arrays"),
        (
            zipped(["a/archive_format", "a/models/model.json"]),
            CODE.REJECTED_FILE,
            "`models/model.json` in it is not valid",
        ),
        (zipped(["p/.data/extern_modules", "p/data.pkl"]), CODE.UNSAFE_FILE, "is a torch.package"),
        (zipped(["a/data.pkl", "a/version"]), CODE.REJECTED_FILE, "is cut short or damaged"),
    ],
)
def test_a_file_of_another_kind_is_told_what_it_is(tmp_path, content, code, sentence):
    failure = refusal(tmp_path, content)
    assert failure.code is code
    assert sentence in failure.detail


@pytest.mark.parametrize("share", [0.0005, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_a_file_cut_anywhere_is_refused(tmp_path, share, options):
    content = saved(lenet5().state_dict(), **options)
    failure = refusal(tmp_path, content[: int(share * len(content))])
    assert failure.code in {CODE.REJECTED_FILE, CODE.UNSAFE_FILE}


def wrap_nested(state):
    return {"epoch": 3, "model": {"state_dict": state}, "optimizer": {"lr": 0.1}}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"state_dict": state, "epoch": torch.tensor(3), "best": torch.tensor(0.9)},
        lambda state: {"model_state_dict": state},
        wrap_nested,
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"net": {f"_orig_mod.module.{name}": tensor for name, tensor in state.items()}},
        lambda state: collections.OrderedDict(state) | {"note": "hello", "step": 7},
        lambda state: {name: nn.Parameter(tensor) for name, tensor in state.items()},
    ],
)
def test_wrappers_around_a_state_dict_are_taken_off(tmp_path, wrap):
    answer = inspect(tmp_path, saved(wrap(lenet5().state_dict())))
    assert [match["architecture"] for match in answer["matches"]] == ["lenet5"]


def read_network(tmp_path):
    return load(NetworkFiles((tmp_path / "out" / "graph").read_text(), (tmp_path / "out" / "weights").read_bytes()))


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 0.0), (torch.float64, 0.0), (torch.float16, 1e-3), (torch.bfloat16, 1e-2)]
)
@pytest.mark.parametrize("write", [saved, save_safetensors])
def test_the_network_computes_what_the_checkpoint_computed(tmp_path, write, dtype, tolerance):
    module = lenet5()
    inspect(tmp_path, write({name: tensor.to(dtype) for name, tensor in module.state_dict().items()}))
    network = read_network(tmp_path)
    assert {tensor.dtype for tensor in network.tensors.values()} == {torch.float32}
    inputs = torch.rand(5, *SHAPE)
    assert torch.allclose(build(network).eval()(inputs), module.eval()(inputs), atol=max(tolerance, 1e-6))


def test_the_legacy_format_of_old_pytorch_is_read(tmp_path):
    answer = inspect(tmp_path, saved(lenet5().state_dict(), _use_new_zipfile_serialization=False))
    assert answer["matches"][0]["architecture"] == "lenet5"


def test_batch_norm_counters_are_left_out(tmp_path):
    module = nn.Sequential()
    module.add_module("net", lenet5())
    state = lenet5().state_dict() | {"bn.num_batches_tracked": torch.tensor(5)}
    assert inspect(tmp_path, saved(state))["matches"][0]["architecture"] == "lenet5"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("write", [saved, save_safetensors])
def test_weights_that_are_not_finite_name_their_tensor(tmp_path, write, value):
    failure = refusal(tmp_path, write(with_value(value)))
    assert failure.code is CODE.NON_FINITE_WEIGHTS
    assert "1 of 25000 weights of `conv2.weight`" in failure.detail


def test_a_double_too_large_for_float32_is_not_finite(tmp_path):
    state = {name: tensor.double() for name, tensor in lenet5().state_dict().items()}
    state["fc1.bias"][0] = 1e300
    assert "`fc1.bias`" in refusal(tmp_path, saved(state)).detail


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"weight": torch.zeros(3, dtype=torch.int8)}, "holds `weight` as int8"),
        ({"weight": torch.zeros(3, dtype=torch.complex64)}, "holds `weight` as complex64"),
        ({"weight": torch.eye(3).to_sparse()}, "which is not a plain dense tensor"),
        ({"weight": torch.zeros(3, device="meta")}, "which is not a plain dense tensor"),
        ({"weight": torch.zeros((1,) * 9)}, "with 9 axes"),
        ({"we ight": torch.zeros(3)}, "an unusable name, `we ight`"),
        ({"x" * 513: torch.zeros(3)}, "an unusable name"),
        ({7: torch.zeros(3)}, "names a tensor 7"),
        (torch.zeros(3), "holds a single tensor"),
        ([torch.zeros(3)], "holds no state dict"),
        ({"epoch": 3}, "holds no state dict"),
        ({}, "holds no state dict"),
        ("text", "holds no state dict"),
    ],
)
def test_contents_that_are_no_weights_are_refused(tmp_path, content, sentence):
    failure = refusal(tmp_path, saved(content))
    assert failure.code is CODE.REJECTED_FILE
    assert sentence in failure.detail


def test_an_unknown_architecture_names_the_nearest_and_what_differs(tmp_path):
    state = lenet5().state_dict()
    state["conv2.weight"] = torch.zeros(50, 20, 3, 3)
    failure = refusal(tmp_path, saved(state))
    assert failure.code is CODE.UNKNOWN_ARCHITECTURE
    assert "The nearest is LeNet-5-Caffe" in failure.detail
    assert "conv2.weight is (50, 20, 3, 3), expected (50, 20, 5, 5)" in failure.detail


def test_where_several_architectures_fit_all_are_offered_and_nothing_is_written(tmp_path):
    answer = inspect(
        tmp_path,
        saved(
            nn.Sequential(
                nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
            ).state_dict()
        ),
    )
    assert {match["architecture"] for match in answer["matches"]} >= {"lenet300", "mlp"}
    assert list((tmp_path / "out").iterdir()) == []


def test_the_picked_architecture_must_fit(tmp_path):
    choice = ArchitectureMatch(architecture="resnet20", title="ResNet-20", input_shape=(3, 32, 32), class_count=10)
    with pytest.raises(JobFailure, match="do not fit ResNet-20") as caught:
        inspect(tmp_path, saved(lenet5().state_dict()), choice=choice.model_dump(mode="json"))
    assert caught.value.code is CODE.ARCHITECTURE_MISMATCH


def test_our_own_files_say_what_they_are(tmp_path):
    choice = ArchitectureMatch(architecture="mlp", title="MLP", input_shape=SHAPE, class_count=10)
    perceptron = {"fc1.weight": torch.zeros(300, 784), "fc1.bias": torch.zeros(300)}
    perceptron |= {"fc2.weight": torch.zeros(100, 300), "fc2.bias": torch.zeros(100)}
    perceptron |= {"fc3.weight": torch.zeros(10, 100), "fc3.bias": torch.zeros(10)}
    (tmp_path / "first").mkdir()
    inspect(tmp_path / "first", saved(perceptron), choice=choice.model_dump(mode="json"))
    own = (tmp_path / "first" / "out" / "weights").read_bytes()
    assert [match["architecture"] for match in inspect(tmp_path, own, name="own.safetensors")["matches"]] == ["mlp"]


@pytest.mark.parametrize("note", ["no JSON", "[1]", "[" * 10_000, '{"architecture": ["x"], "input_shape": 3}'])
def test_strange_metadata_do_no_harm(tmp_path, note):
    content = save_safetensors(lenet5().state_dict(), {"secateur": note})
    assert inspect(tmp_path, content)["matches"][0]["architecture"] == "lenet5"

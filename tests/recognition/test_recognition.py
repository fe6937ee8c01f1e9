"""Architectures of torchvision and timm are told from the names and shapes of their tensors."""

import ast
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from worker.recognition import recognize
from worker.recognition.index import load_index, pack
from worker.recognition.signature import ClassAxis, digest, find_head

FIXTURES = Path(__file__).parent / "fixtures"
CASES = {
    "torchvision-resnet18-10": ("torchvision", "resnet18", "classification", 10, (3, 224, 224)),
    "torchvision-googlenet-1000": ("torchvision", "googlenet", "classification", 1000, (3, 224, 224)),
    "torchvision-mobilenet_v3_small-7": ("torchvision", "mobilenet_v3_small", "classification", 7, (3, 224, 224)),
    "torchvision-r3d_18-400": ("torchvision", "r3d_18", "video classification", 400, (3, 16, 112, 112)),
    "torchvision-deeplabv3_mobilenet_v3_large-21": (
        "torchvision",
        "deeplabv3_mobilenet_v3_large",
        "segmentation",
        21,
        None,
    ),
    "timm-vit_tiny_patch16_224-37": ("timm", "vit_tiny_patch16_224", "classification", 37, (3, 224, 224)),
    "timm-convnext_atto-1000": ("timm", "convnext_atto", "classification", 1000, (3, 224, 224)),
    "timm-deit_tiny_distilled_patch16_224-5": (
        "timm",
        "deit_tiny_distilled_patch16_224",
        "classification",
        5,
        (3, 224, 224),
    ),
    "timm-resnet18d-0": ("timm", "resnet18d", "classification", None, (3, 224, 224)),
}


def shapes_of(fixture):
    return {name: tuple(shape) for name, shape in json.loads((FIXTURES / f"{fixture}.json").read_text()).items()}


@pytest.mark.parametrize("fixture", CASES)
def test_a_checkpoint_is_recognized(fixture):
    found = recognize(shapes_of(fixture))
    names = (found.library, found.architecture, *(other.split("/")[1] for other in found.alternatives))
    library, architecture, task, classes, shape = CASES[fixture]
    assert architecture in names
    assert (found.library, found.task, found.class_count, found.input_shape) == (library, task, classes, shape)


@pytest.mark.parametrize("prefix", ["module.", "model.", "module._orig_mod."])
def test_prefixes_order_and_counters_make_no_difference(prefix):
    shapes = shapes_of("torchvision-resnet18-10")
    changed = {prefix + name: shapes[name] for name in sorted(shapes) if not name.endswith("num_batches_tracked")}
    found = recognize(changed)
    assert (found.architecture, found.prefix) == ("resnet18", prefix)


def test_another_width_is_not_recognized():
    shapes = shapes_of("torchvision-resnet18-10")
    assert recognize(shapes | {"layer1.0.conv1.weight": (60, 64, 3, 3)}) is None


def test_a_head_whose_tensors_disagree_is_not_recognized():
    shapes = shapes_of("torchvision-resnet18-10")
    assert recognize(shapes | {"fc.bias": (11,)}) is None
    assert recognize(shapes | {"fc.weight": (10, 513)}) is None


def test_a_missing_or_an_additional_tensor_is_not_overlooked():
    shapes = shapes_of("timm-convnext_atto-1000")
    assert recognize({name: shape for name, shape in shapes.items() if name != "stem.0.bias"}) is None
    assert recognize(shapes | {"extra.weight": (3, 3)}) is None


@pytest.mark.parametrize(
    "shapes", [{}, {"a": ()}, {"fc.weight": (), "fc.bias": ()}, {"fc.weight": (0, 0), "fc.bias": (0,)}]
)
def test_nonsense_is_not_recognized(shapes):
    assert recognize(shapes) is None


@pytest.mark.parametrize("fixture", CASES)
@pytest.mark.parametrize("file", ["net.pt", "my net.safetensors"])
def test_the_snippet_is_three_lines_of_python_that_name_the_file(fixture, file):
    lines = recognize(shapes_of(fixture)).export_snippet(file).splitlines()
    assert len(lines) == 3
    ast.parse("\n".join(lines))
    assert f'"{file}"' in lines[0]
    assert lines[2].endswith(f'"{file.rpartition(".")[0]}.pt2")')


def test_the_snippet_builds_the_recognized_network_for_its_classes():
    snippet = recognize(shapes_of("timm-vit_tiny_patch16_224-37")).export_snippet("net.pt")
    assert 'timm.create_model("vit_tiny_patch16_224", num_classes=37)' in snippet
    assert "torch.zeros(2, 3, 224, 224)" in snippet
    prefixed = {f"module.{name}": shape for name, shape in shapes_of("torchvision-resnet18-10").items()}
    assert 'name.removeprefix("module.")' in recognize(prefixed).export_snippet("net.pt")


def test_without_a_classification_layer_the_snippet_takes_the_librarys_off():
    whole = shapes_of("torchvision-resnet18-10")
    found = recognize({name: shape for name, shape in whole.items() if not name.startswith("fc.")})
    maker = 'get_model("resnet18"); model.set_submodule("fc", torch.nn.Identity()); model.load_state_dict(state)'
    assert maker in found.export_snippet("a.pt")
    vgg = next(known for known in load_index().stored.architectures if known.name == "vgg11")
    assert load_index().head_modules(vgg) == ("classifier.6",)


def test_recognizing_needs_neither_library():
    check = (
        "import sys; sys.modules['timm'] = sys.modules['torchvision'] = None; "
        "from worker.recognition import recognize; assert recognize({'a': (1,)}) is None"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_the_index_is_small_and_covers_both_libraries():
    index = load_index()
    packed = pack(index.stored)
    assert len(packed) < 1_500_000
    assert json.loads(gzip.decompress(packed))["libraries"].keys() == {"timm", "torchvision"}
    counts = dict.fromkeys(("timm", "torchvision"), 0)
    for known in index.stored.architectures:
        counts[known.library] += 1
    assert counts["torchvision"] >= 100
    assert counts["timm"] >= 1300


def test_every_stored_number_points_somewhere():
    index = load_index()
    positions = range(len(index.stored.architectures))
    assert all(head in range(len(index.heads)) for head, _ in index.stored.whole.values())
    assert {place for _, places in index.stored.whole.values() for place in places} <= set(positions)
    assert {place for places in index.stored.headless.values() for place in places} <= set(positions)


def test_a_head_is_what_grows_with_the_classes():
    ten = {"stem": (4, 3), "box.weight": (4 * 10, 8), "score.bias": (10 + 1,)}
    seven = {"stem": (4, 3), "box.weight": (4 * 7, 8), "score.bias": (7 + 1,)}
    head = find_head(ten, seven, (10, 7))
    assert head == (ClassAxis("box.weight", 0, 4, 0), ClassAxis("score.bias", 0, 1, 1))
    assert digest(ten, head) == digest(seven, head)
    assert digest(ten) != digest(seven)
    with pytest.raises(ValueError, match="names"):
        find_head(ten, {"stem": (4, 3)}, (10, 7))

"""Recognition of an architecture from names and shapes."""

import pytest
import torch

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.network import ArchitectureMatch, ArchitectureMiss
from worker.zoo import ARCHITECTURES, build_architecture, fit, match

SINGLE = [
    ("lenet5", (1, 28, 28)),
    ("lenet5", (1, 8, 8)),
    ("lenet5", (3, 32, 32)),
    ("vgg16_bn", (3, 32, 32)),
    ("resnet20", (3, 32, 32)),
    ("resnet32", (3, 32, 32)),
    ("resnet56", (3, 32, 32)),
    ("resnet20_a", (3, 32, 32)),
]


def state(name, shape, class_count=10, widths=None):
    return build_architecture(name, shape, class_count, widths).state_dict()


def shapes_of(tensors):
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


@pytest.mark.parametrize(("name", "shape"), SINGLE)
def test_a_checkpoint_of_the_zoo_is_recognized_in_any_order(name, shape):
    tensors = state(name, shape, class_count=7)
    found = match(dict(sorted(shapes_of(tensors).items())))
    assert [(item.architecture, item.input_shape, item.class_count) for item in found] == [(name, shape, 7)]


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.module."])
def test_prefixes_of_wrappers_do_not_matter(prefix):
    tensors = {prefix + name: tensor for name, tensor in state("resnet20", (3, 32, 32)).items()}
    (found,) = match(shapes_of(tensors))
    module = fit(found, tensors)
    assert torch.equal(module.conv1.weight, tensors[prefix + "conv1.weight"])


def test_counters_of_batch_norm_do_not_matter():
    tensors = state("vgg16_bn", (3, 32, 32))
    without = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
    (found,) = match(shapes_of(without))
    assert torch.equal(fit(found, without).classifier.weight, tensors["classifier.weight"])


def test_other_names_in_the_order_of_the_network_are_recognized():
    tensors = {
        name.replace("shortcut", "downsample").replace("linear", "fc"): tensor
        for name, tensor in state("resnet20", (3, 32, 32)).items()
    }
    (found,) = match(shapes_of(tensors))
    assert found.architecture == "resnet20"
    assert torch.equal(fit(found, tensors).linear.weight, tensors["fc.weight"])


def test_where_several_fit_all_are_named():
    found = match(shapes_of(state("lenet300", (1, 28, 28))))
    assert [item.architecture for item in found] == ["lenet300", "mlp"]
    found = match(shapes_of(state("vgg_small_bn", (1, 28, 28))))
    assert [item.input_shape for item in found] == [(1, 28, 28), (1, 8, 8)]


def test_the_origin_that_our_own_files_carry_decides_between_several():
    shapes = shapes_of(state("vgg_small_bn", (1, 8, 8)))
    (found,) = match(shapes, {"architecture": "vgg_small_bn", "input_shape": [1, 8, 8], "class_count": 10})
    assert found.input_shape == (1, 8, 8)


def test_an_origin_that_lies_changes_nothing():
    shapes = shapes_of(state("lenet5", (1, 28, 28)))
    (found,) = match(shapes, {"architecture": "vgg16_bn", "input_shape": "huge", "class_count": None})
    assert found.architecture == "lenet5"


def test_a_perceptron_of_any_widths_and_names_is_recognized():
    tensors = torch.nn.Sequential(
        torch.nn.Linear(30, 11), torch.nn.ReLU(), torch.nn.Linear(11, 9), torch.nn.ReLU(), torch.nn.Linear(9, 4)
    ).state_dict()
    (found,) = match(shapes_of(tensors))
    assert (found.architecture, found.input_shape, found.class_count) == ("mlp", (30,), 4)
    assert torch.equal(fit(found, tensors).fc2.weight, tensors["2.weight"])


def test_a_miss_names_the_nearest_and_what_differs():
    tensors = state("lenet5", (1, 28, 28))
    tensors["conv2.weight"] = torch.zeros(50, 20, 3, 3)
    tensors["extra"] = torch.zeros(1)
    found = match(shapes_of(tensors))
    assert isinstance(found, ArchitectureMiss)
    assert found.architecture == "lenet5"
    assert found.similarity == pytest.approx(7 / 9)
    assert found.differences == (
        "conv2.weight is (50, 20, 3, 3), expected (50, 20, 5, 5)",
        "extra (1,) is not part of it",
    )


@pytest.mark.parametrize("shapes", [{}, {"a": ()}, {"w": (0, 3), "b": (0,)}, {"conv.weight": (4, 999, 1, 1)}])
def test_strange_shapes_are_a_miss_and_no_crash(shapes):
    assert isinstance(match(shapes), ArchitectureMiss)


def test_a_long_list_of_differences_is_cut():
    miss = match({f"layer{number}.weight": (3,) for number in range(50)})
    assert len(miss.differences) == 9
    assert miss.differences[-1].endswith("more differences")


def test_tensors_that_do_not_fit_the_choice_are_refused():
    choice = ArchitectureMatch(architecture="lenet5", title="LeNet-5-Caffe", input_shape=(1, 28, 28), class_count=10)
    with pytest.raises(JobFailure, match=r"do not fit LeNet-5-Caffe: conv1\.weight") as caught:
        fit(choice, state("lenet300", (1, 28, 28)))
    assert caught.value.code is FailureCode.ARCHITECTURE_MISMATCH


def test_a_choice_with_an_impossible_input_is_refused():
    choice = ArchitectureMatch(architecture="lenet5", title="LeNet-5-Caffe", input_shape=(1, 4, 4), class_count=10)
    with pytest.raises(JobFailure, match="at least 8x8"):
        fit(choice, state("lenet5", (1, 28, 28)))


def test_half_precision_weights_become_float32():
    tensors = {name: tensor.half() for name, tensor in state("lenet5", (1, 28, 28)).items()}
    (found,) = match(shapes_of(tensors))
    assert {parameter.dtype for parameter in fit(found, tensors).parameters()} == {torch.float32}


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=lambda item: item.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_architecture_can_be_recognized(architecture, channels):
    size = architecture.usual_size or max(architecture.minimum_size, 28 if channels == 1 else 32)
    shape = (channels, size, size)
    with torch.device("meta"):
        module = build_architecture(architecture.name, shape, class_count=7)
    found = match(shapes_of(dict(sorted(module.state_dict().items()))))
    assert (architecture.name, shape, 7) in [(item.architecture, item.input_shape, item.class_count) for item in found]

"""Exported programs become networks that compute what the module computed, bit for bit."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.constructs import CONSTRUCTS
from tests.intake.exported_programs import exported, saved_program
from worker.engine.network import build
from worker.intake.exported_program.reader import read_program
from worker.intake.refusals import FileRefusal

BY_NAME = {construct.name: construct for construct in CONSTRUCTS}
FIXED = [
    ("residual", 1),
    ("shuffle", 2),
    ("two_inputs", 2),
    ("window_attention", 1),
    ("grouped_query_attention", 2),
    ("long_short_term_memory", 1),
]
CODE = FailureCode
IMAGES = (torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(5)),)


def read(tmp_path, content):
    path = tmp_path / "net.pt2"
    path.write_bytes(content)
    return read_program(path)


def refusal(tmp_path, content):
    with pytest.raises((FileRefusal, JobFailure)) as caught:
        read(tmp_path, content)
    error = caught.value
    return error.code, error.reason if isinstance(error, FileRefusal) else error.detail


def first(answers):
    return answers[0] if isinstance(answers, tuple | list) else answers


def computed(module, inputs):
    with torch.no_grad():
        return first(module(*inputs))


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda construct: construct.name)
def test_a_program_computes_what_its_module_computes(tmp_path, construct):
    module = construct.module()
    raised = build(read(tmp_path, exported(module, construct.inputs(2))))
    for count in (1, 3):
        inputs = construct.inputs(count)
        assert torch.equal(computed(raised, inputs), computed(module, inputs))


@pytest.mark.parametrize(("name", "batch"), FIXED)
def test_a_batch_of_fixed_size_is_made_free(tmp_path, name, batch):
    construct = BY_NAME[name]
    module = construct.module()
    raised = build(read(tmp_path, exported(module, construct.inputs(batch), is_dynamic=False)))
    inputs = construct.inputs(3)
    assert torch.allclose(computed(raised, inputs), computed(module, inputs), atol=1e-5)


class Mixing(nn.Module):
    """Examples see one another through a shape that was worked out for two of them."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(192, 2)

    def forward(self, x):
        return self.fc(x.reshape(2, 192)) + x.reshape(2, 3, 64).transpose(0, 1).reshape(2, 192)[:, :1]


def test_a_batch_that_cannot_be_made_free_says_where_it_is_burned_in(tmp_path):
    code, reason = refusal(tmp_path, exported(Mixing(), IMAGES, is_dynamic=False))
    assert code is CODE.REJECTED_FILE
    assert "takes batches of 2 only" in reason
    assert "test_exported_programs.py" in reason


@pytest.mark.parametrize("is_dynamic", [True, False])
def test_an_input_may_be_called_input(tmp_path, is_dynamic):
    network, examples = nn.Sequential(nn.Flatten(), nn.Linear(8, 3)).eval(), torch.randn(2, 2, 4)
    found = read(tmp_path, exported(network, (examples,), is_dynamic=is_dynamic))
    torch.testing.assert_close(build(found)(examples), network(examples), rtol=0, atol=0)


class Training(nn.Module):
    """What acts in training only: batch norm's statistics, dropout, stochastic depth."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.body, self.drop, self.fc = nn.Conv2d(6, 6, 3, padding=1), nn.Dropout(0.5), nn.Linear(6, 4)

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(x)))
        branch = self.body(x)
        if self.training:
            noise = torch.empty((x.shape[0], 1, 1, 1)).bernoulli_(0.8)
            noise.div_(0.8)
            branch = branch * noise
        return self.fc(self.drop((x + branch).mean((2, 3))))


def test_a_program_exported_in_training_evaluates_and_trains(tmp_path):
    module = Training()
    raised = build(read(tmp_path, exported(module, IMAGES, is_training=True)))
    assert torch.equal(computed(raised, IMAGES), computed(module, IMAGES))
    before = raised.norm.running_mean.clone()
    raised.train()
    assert not torch.equal(computed(raised, IMAGES), computed(raised, IMAGES))
    assert not torch.equal(raised.norm.running_mean, before)


def test_a_program_in_core_operations_is_read(tmp_path):
    module = Training().eval()
    program = torch.export.export(module, IMAGES, dynamic_shapes=({0: torch.export.Dim("n")},))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = program.run_decompositions()
    raised = build(read(tmp_path, saved_program(program)))
    assert torch.allclose(computed(raised, IMAGES), computed(module, IMAGES), atol=1e-6)


class Tied(nn.Module):
    """One weight under two names, a constant, and a buffer that no state dict has."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("scale", torch.rand(4), persistent=False)

    def forward(self, x):
        return self.second(self.first(self.conv(x).mean((2, 3))) * self.scale + torch.tensor([1.0, 2.0, 3.0, 4.0]))


def test_tied_weights_stay_tied_and_names_are_kept(tmp_path):
    module = Tied()
    network = read(tmp_path, exported(module, IMAGES))
    assert torch.equal(computed(build(network), IMAGES), computed(module, IMAGES))
    names = {info.name for info in network.graph.tensors if info.kind == "parameter"}
    assert names == {"conv.weight", "conv.bias", "first.weight", "first.bias", "second.bias"}
    assert network.graph.architecture == "Tied"


def test_nodes_tell_their_place_and_nothing_more_of_the_author(tmp_path):
    network = read(tmp_path, exported(Tied(), IMAGES))
    places = {node.target: node.place for node in network.graph.nodes}
    assert places["aten.conv2d.default"].startswith("test_exported_programs.py:")
    assert places["aten.conv2d.default"].endswith(" in conv")
    assert not any("/" in (place or "") for place in places.values())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_single(tmp_path, dtype):
    module = BY_NAME["plain"].module().to(dtype)
    inputs = [value.to(dtype) for value in BY_NAME["plain"].inputs(2)]
    network = read(tmp_path, exported(module, inputs))
    assert {tensor.dtype for tensor in network.tensors.values() if tensor.is_floating_point()} == {torch.float32}
    answer = computed(build(network), BY_NAME["plain"].inputs(2))
    assert torch.allclose(answer, computed(module.float(), BY_NAME["plain"].inputs(2)), atol=1e-5)


class Calling(nn.Module):
    """A classifier whose forward pass is given."""

    def __init__(self, call):
        super().__init__()
        self.fc, self.call = nn.Linear(192, 5), call
        self.register_buffer("seen", torch.zeros(5))

    def forward(self, x, *more):
        return self.call(self, x, *more)


def plain(self, x, *_):
    return self.fc(x.flatten(1))


def writes(self, x):
    self.seen.add_(1.0)
    return plain(self, x) + self.seen


def with_open_width(**bounds):
    shapes = ({0: torch.export.Dim("n"), 3: torch.export.Dim("width", **bounds)},)
    return saved_program(torch.export.export(Calling(means), IMAGES, dynamic_shapes=shapes))


def means(self, x):
    return functional.pad(x.mean((2, 3)), (0, 189)) @ self.fc.weight.t()


def test_an_open_axis_with_a_bound_is_taken_as_in_the_example(tmp_path):
    assert read(tmp_path, with_open_width(min=2, max=32)).graph.input_shape == (3, 8, 8)


def test_an_open_axis_without_a_bound_is_refused_by_name(tmp_path):
    code, reason = refusal(tmp_path, with_open_width())
    assert code is CODE.REJECTED_FILE
    assert "axis 3 of its input `x`" in reason


@pytest.mark.parametrize(
    ("call", "inputs", "sentence"),
    [
        (plain, (*IMAGES, 3), "an input that is no tensor: `"),
        (plain, (*IMAGES, torch.tensor(2.0)), "without a batch axis"),
        (plain, (*IMAGES, torch.zeros(4, 3)), "has 2 examples, `"),
        (lambda self, x: plain(self, x).sum(), IMAGES, "has 0 axes"),
        (lambda self, x: plain(self, x)[:, None], IMAGES, "has 3 axes"),
        (lambda self, x: (plain(self, x), x.sum()), IMAGES, "first axis must be the batch"),
        (lambda self, x: (plain(self, x), 3), IMAGES, "returns something beside tensors"),
        (writes, IMAGES, "writes to its tensor `seen`"),
    ],
)
def test_inputs_and_outputs_that_cannot_be_used_are_refused_by_name(tmp_path, call, inputs, sentence):
    _, reason = refusal(tmp_path, exported(Calling(call), inputs, is_dynamic=False))
    assert sentence in reason


class Quantized(nn.Module):
    """Integer weights."""

    def __init__(self, dtype):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(5, 192).to(dtype), requires_grad=False)

    def forward(self, x):
        return x.flatten(1) @ self.weight.real.float().t()


@pytest.mark.parametrize(
    ("dtype", "name"), [(torch.int32, "int32"), (torch.int8, "int8"), (torch.complex64, "complex64")]
)
def test_weights_that_are_no_real_numbers_are_refused_by_name(tmp_path, dtype, name):
    code, reason = refusal(tmp_path, exported(Quantized(dtype), IMAGES))
    assert code is CODE.REJECTED_FILE
    assert "`weight`" in reason
    assert str(dtype).removeprefix("torch.") in reason


@pytest.mark.parametrize(("dtype", "words"), [(torch.complex64, "not supported"), (torch.int16, "Make it float32")])
def test_what_to_do_about_numbers_that_are_not_read_depends_on_them(tmp_path, dtype, words):
    with pytest.raises(FileRefusal) as caught:
        read(tmp_path, exported(Quantized(dtype), IMAGES))
    assert words in caught.value.hint


def test_weights_that_are_not_finite_are_refused_by_name(tmp_path):
    module = Calling(plain)
    module.fc.weight.data[0, 0] = float("nan")
    code, reason = refusal(tmp_path, exported(module, IMAGES))
    assert code is CODE.NON_FINITE_WEIGHTS
    assert "1 of 960 values of `fc.weight`" in reason

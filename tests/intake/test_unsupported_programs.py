"""Exported programs with operations that are not supported, and with state: what is named, what is advised."""

import warnings

import pytest
import torch
from torch import nn

from backend.domain.errors import FailureCode, JobFailure
from tests.intake.exported_programs import exported, saved_program
from tests.intake.test_exported_programs import IMAGES, Calling, plain, read, refusal, writes

CODE = FailureCode


def counts(self, x):
    self.seen.add_(1.0)
    return plain(self, x)


def in_core_operations(call):
    program = torch.export.export(Calling(call).eval(), IMAGES, dynamic_shapes=({0: torch.export.Dim("n")},))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return saved_program(program.run_decompositions())


@pytest.mark.parametrize("make", [in_core_operations, lambda call: exported(Calling(call), IMAGES)])
def test_a_counter_that_no_answer_reads_is_left_out(tmp_path, make):
    network = read(tmp_path, make(counts))
    assert {info.name for info in network.graph.tensors} == {"fc.weight", "fc.bias"}


def test_an_answer_that_reads_what_was_written_is_refused_in_core_operations_too(tmp_path):
    _, reason = refusal(tmp_path, in_core_operations(writes))
    assert "writes to its tensor `seen`" in reason


UNSUPPORTED = {
    "several": lambda self, x: self.fc(torch.linalg.qr(torch.fft.fft(x).real)[0].flatten(1)),
    "complex": lambda self, x: self.fc((x + 2j).real.flatten(1)),
    "control flow": lambda self, x: torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (plain(self, x),)),
}


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("several", ["aten.fft_fft.default", "aten.linalg_qr.default", "test_exported_programs.py:"]),
        ("complex", ["complex"]),
        ("control flow", ["`cond` (control flow", "test_exported_programs.py:"]),
    ],
)
def test_operations_that_are_not_supported_are_named_all_at_once(tmp_path, name, sentences):
    code, reason = refusal(tmp_path, exported(Calling(UNSUPPORTED[name]), IMAGES))
    assert code is CODE.UNSUPPORTED_OPERATION
    assert all(sentence in reason for sentence in sentences), reason


def test_sizes_that_depend_on_the_data_are_refused_with_operation_and_place(tmp_path):
    content = exported(Calling(lambda self, x: plain(self, x) + x[x > 0].sum()), IMAGES)
    code, reason = refusal(tmp_path, content)
    assert code is CODE.UNSUPPORTED_OPERATION
    assert "`aten.index.Tensor` (at test_exported_programs.py:" in reason
    assert "depends on the data" in reason


@pytest.mark.parametrize(
    ("call", "names_the_mode"),
    [(lambda self, x: plain(self, x + torch.randn_like(x)), True), (UNSUPPORTED["several"], False)],
    ids=["draws", "others"],
)
def test_evaluation_mode_is_only_advised_where_it_may_help(tmp_path, call, names_the_mode):
    with pytest.raises(JobFailure) as caught:
        read(tmp_path, exported(Calling(call), IMAGES))
    assert ("model.eval()" in caught.value.hint) is names_the_mode
    assert "evaluation mode" not in caught.value.hint


def test_weights_that_are_worked_out_at_each_call_are_told_how_to_be_written_down(tmp_path):
    module = nn.Sequential(nn.Flatten(), nn.utils.parametrizations.weight_norm(nn.Linear(192, 5)))
    with pytest.raises(JobFailure, match=r"`aten\._weight_norm\.default` \(in 1\.param") as caught:
        read(tmp_path, exported(module, IMAGES))
    assert "remove_parametrizations" in caught.value.hint

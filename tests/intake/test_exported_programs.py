"""Exported programs become networks that compute what the module computed, bit for bit."""

import pytest
import torch

from tests.engine.constructs import CONSTRUCTS
from tests.intake.exported_programs import exported
from worker.engine.network import build
from worker.intake.exported_program.reader import read_program


def written(tmp_path, content):
    path = tmp_path / "net.pt2"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda construct: construct.name)
def test_a_program_computes_what_its_module_computes(tmp_path, construct):
    module = construct.module()
    network = read_program(written(tmp_path, exported(module, construct.inputs(2))))
    raised = build(network)
    for count in (1, 3):
        inputs = construct.inputs(count)
        with torch.no_grad():
            expected, answers = module(*inputs), raised(*inputs)
        assert torch.equal(first(answers), first(expected))


def first(answers):
    return answers[0] if isinstance(answers, tuple | list) else answers

"""Work that takes too long ends with a sentence that says where it stood."""

import time

import pytest

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.graph import Node
from worker.intake.deadline import deadline

NODE = Node(name="conv2d_3", target="aten.conv2d.default", place="resnet.py:92 in layer1")


def entangle(node):
    while True:
        len(node.name)


def test_the_sentence_names_the_node_and_its_place():
    with pytest.raises(JobFailure) as caught, deadline(0.05):
        entangle(NODE)
    assert caught.value.code is FailureCode.TIME_LIMIT
    assert "longer than 0.05 seconds, and was still at `conv2d_3` (resnet.py:92 in layer1)" in caught.value.detail


def test_coupling_is_called_by_its_name(monkeypatch):
    monkeypatch.setitem(globals(), "__name__", "worker.engine.coupling.tracing")
    with (
        pytest.raises(JobFailure, match="Working out which channels go together took longer") as caught,
        deadline(0.05),
    ):
        entangle(NODE)
    assert "too entangled there" in caught.value.hint


def test_work_that_is_done_in_time_is_left_alone():
    with deadline(0.05):
        pass
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        pass

"""ONNX files as a user uploads them: opened in the locked-down process, answered with a network or a sentence."""

import pytest
from onnx import helper

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.import_report import import_report
from tests.intake.onnx.exports import exported
from tests.intake.onnx.models import random, serialize
from worker.engine.network import load
from worker.intake.models import inspect_model
from worker.intake.outcome import Ready
from worker.report_text import report_lines


def open_upload(folder, data, name="net.onnx"):
    path = folder / "upload"
    path.write_bytes(data)
    return inspect_model(path, None, name=name)


def test_an_uploaded_network_is_read_and_reported_on(tmp_path):
    opened = open_upload(tmp_path, exported("residual"), "my net.onnx")
    assert isinstance(opened, Ready)
    assert load(opened.files).graph.architecture == "my-net"
    assert opened.summary.groups
    assert opened.summary.input_shape == (3, 16, 16)


def test_what_was_cut_off_is_told_in_the_report_and_in_the_terminal(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["scores"], name="layer"),
        helper.make_node("ArgMax", ["scores"], ["best"], axis=1, keepdims=0),
    ]
    inputs = {"x": ("N", 4), "unread": ("N", "open")}
    opened = open_upload(tmp_path, serialize(nodes, inputs, ["best"], {"w": random(4, 3)}))
    report = import_report(opened.summary)
    first, second = report.notes
    assert first == "The output `best` picks the best class (ArgMax); the scores before it are used."
    assert "`unread`" in second
    assert {f"Note: {first}", f"Note: {second}"} <= set(report_lines(opened.summary, report))


def test_a_file_that_cannot_be_used_is_answered_with_a_sentence(tmp_path):
    nodes = [helper.make_node("Det", ["x"], ["y"], name="d")]
    with pytest.raises(JobFailure) as failed:
        open_upload(tmp_path, serialize(nodes, {"x": ("N", 4)}, ["y"]))
    assert failed.value.code is FailureCode.UNSUPPORTED_OPERATION
    assert "`net.onnx` uses operators that are not supported: Det at `d`" in failed.value.detail
    assert "docs/formats.md" in failed.value.hint


def test_a_network_that_would_fill_the_memory_is_answered(tmp_path):
    """A few hundred bytes that ask for terabytes when the network runs."""
    nodes = [
        helper.make_node("Tile", ["x", "many"], ["wide"], name="grow"),
        helper.make_node("GlobalAveragePool", ["wide"], ["small"]),
        helper.make_node("Flatten", ["small"], ["y"]),
    ]
    data = serialize(nodes, {"x": ("N", 1, 64)}, ["y"], {"many": [1, 2**20, 2**20]})
    with pytest.raises(JobFailure) as failed:
        open_upload(tmp_path, data)
    assert failed.value.code in {FailureCode.REJECTED_FILE, FailureCode.OUT_OF_MEMORY}

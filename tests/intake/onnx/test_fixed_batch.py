"""Batch sizes that are burned into a file become free, or the file is refused."""

import pytest
from onnx import TensorProto, helper

from tests.intake.onnx.models import assert_same, integers, random, serialize
from worker.intake.onnx import read_onnx
from worker.intake.refusals import FileRefusal

NODE = helper.make_node


def test_a_fixed_batch_that_cannot_be_made_free_is_refused_by_node():
    """The examples are mixed: what is computed for one depends on what else is in its batch."""
    nodes = [
        NODE("Reshape", ["x", "mixed"], ["a"], name="mix"),
        NODE("Softmax", ["a"], ["b"], axis=0),
        NODE("Reshape", ["b", "back"], ["y"], name="part"),
    ]
    constants = {"mixed": integers(4, 1), "back": integers(1, 4)}
    with pytest.raises(FileRefusal, match="fixed batch size that cannot be made free") as refused:
        read_onnx(serialize(nodes, {"x": (1, 4)}, ["y"], constants))
    assert "`mix`" in refused.value.reason


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_fixed_batch_is_made_free_wherever_it_is_burned_in(batch):
    """In shapes (alone, leading an axis, inside of one), in an expanded constant, in zeros for states at the start."""
    table = helper.make_tensor("z", TensorProto.FLOAT, [1], [0.0])
    nodes = [
        NODE("Reshape", ["x", "rows"], ["r"]),
        NODE("MatMul", ["r", "w"], ["m"]),
        NODE("Reshape", ["m", "heads"], ["h"]),
        NODE("Transpose", ["h"], ["t"], perm=[0, 2, 1, 3]),
        NODE("Reshape", ["t", "stacked"], ["s"]),
        NODE("Softmax", ["s"], ["p"]),
        NODE("Reshape", ["p", "apart"], ["q"]),
        NODE("Transpose", ["q"], ["u"], perm=[0, 2, 1, 3]),
        NODE("Reshape", ["u", "whole"], ["v"]),
        NODE("Expand", ["token", "one_each"], ["e"]),
        NODE("Concat", ["e", "v"], ["c"], axis=1),
        NODE("Transpose", ["c"], ["time_first"], perm=[1, 0, 2]),
        NODE("ConstantOfShape", ["state"], ["zeros"], value=table),
        NODE("LSTM", ["time_first", "lw", "lr", "", "", "zeros", "zeros"], ["", "last"], hidden_size=3),
        NODE("Reshape", ["last", "answer"], ["y"]),
    ]
    constants = {
        "w": random(6, 6),
        "token": random(1, 1, 6, seed=2),
        "lw": random(1, 12, 6, seed=3),
        "lr": random(1, 12, 3, seed=4),
        "rows": integers(batch * 5, 6),
        "heads": integers(batch, 5, 2, 3),
        "stacked": integers(batch * 2, 5, 3),
        "apart": integers(batch, 2, 5, 3),
        "whole": integers(batch, 5, 6),
        "one_each": integers(batch, 1, 6),
        "state": integers(1, batch, 3),
        "answer": integers(batch, 3),
    }
    data = serialize(nodes, {"x": (batch, 5, 6)}, ["y"], constants)
    assert_same(data, random(batch, 5, 6))
    reading = read_onnx(data)
    assert reading.notes == (f"The batch size was fixed at {batch}; it is free now.",)

"""A model to spoil, and the refusal that it then meets."""

import pytest
from onnx import ModelProto, helper

from tests.intake.onnx.models import random, serialize
from worker.intake.onnx import read_onnx
from worker.intake.refusals import FileRefusal

NODE = helper.make_node
X = {"x": ("N", 4)}


def refusal(data):
    with pytest.raises(FileRefusal) as refused:
        read_onnx(data)
    found = refused.value
    assert found.reason.endswith((".", ")"))
    assert found.hint
    return found


def linear(**options):
    return serialize([NODE("MatMul", ["x", "w"], ["y"], name="layer")], X, ["y"], {"w": random(4, 3)}, **options)


def changed(change, data=None):
    """A model with something done to it before it is stored."""
    proto = ModelProto()
    proto.ParseFromString(data or linear())
    change(proto)
    return proto.SerializeToString()

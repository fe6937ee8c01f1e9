"""Networks whose examples meet in a batch are refused by node; what only looks like it is read."""

import pytest
import torch
from onnx import helper
from torch import nn

from tests.intake.exported_programs import exported
from tests.intake.onnx.models import random, serialize
from worker.intake.exported_program.reader import read_program
from worker.intake.onnx import read_onnx
from worker.intake.refusals import FileRefusal


class Around(nn.Module):
    """Two linear layers with something between them that works on (N, 6)."""

    def __init__(self, between) -> None:
        super().__init__()
        self.first, self.between, self.last = nn.Linear(4, 6), between, nn.Linear(6, 3)

    def forward(self, x):
        return self.last(self.between(self.first(x)))


class Attention(nn.Module):
    """Attention over six tokens of one number; of the whole batch where it is told that time comes first."""

    def __init__(self, *, batch_first: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(2, 1, batch_first=batch_first)

    def forward(self, x):
        tokens = x.view(len(x), 3, 2)
        return self.attention(tokens, tokens, tokens, need_weights=False)[0].flatten(1)


class Recurrent(nn.Module):
    def __init__(self, *, batch_first: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 2, batch_first=batch_first)

    def forward(self, x):
        return self.lstm(x.view(-1, 3, 2))[0].flatten(1)


MIXING = {
    "mean": lambda x: x - x.mean(0, keepdim=True),
    "sum": lambda x: x / x.abs().sum(),
    "softmax": lambda x: x.softmax(0),
    "flip": lambda x: x + x.flip(0),
    "roll": lambda x: x + x.roll(1, 0),
    "mm": lambda x: (x @ x.t()).softmax(-1) @ x,
    "index": lambda x: x + x[[1, 0]],
    "slice": lambda x: x + torch.cat([x[1:], x[:1]]),
    "cumsum": lambda x: x.cumsum(0),
    "view": lambda x: x.reshape(-1).softmax(0).view(-1, 6),
    "attention": Attention(batch_first=False),
    "lstm": Recurrent(batch_first=False),
}
APART = {
    "softmax": lambda x: x.softmax(1),
    "heads": lambda x: x.view(-1, 2, 3).transpose(0, 1).softmax(2).transpose(0, 1).flatten(1),
    "merged": lambda x: (x.view(-1, 2, 3).reshape(-1, 3) * 2).softmax(-1).view(-1, 6),
    "halves": lambda x: torch.cat([x, -x]).relu().chunk(2)[1],
    "there and back": lambda x: x.flip(0).relu().flip(0),
    "attention": Attention(batch_first=True),
    "lstm": Recurrent(batch_first=True),
}


def read(tmp_path, between, batch: int, *, is_dynamic: bool):
    (path := tmp_path / "net.pt2").write_bytes(
        exported(Around(between).eval(), [torch.randn(batch, 4)], is_dynamic=is_dynamic)
    )
    return read_program(path)


@pytest.mark.parametrize("name", MIXING)
def test_what_mixes_examples_is_refused_with_the_place(tmp_path, name):
    with pytest.raises(FileRefusal) as refused:
        read(tmp_path, MIXING[name], 2, is_dynamic=False)
    assert "examples" in refused.value.reason or "burned in" in refused.value.reason
    assert "test_mixing.py" in refused.value.reason or "functional.py" in refused.value.reason


def test_an_open_batch_is_no_excuse(tmp_path):
    with pytest.raises(FileRefusal, match="mixes the examples of a batch at"):
        read(tmp_path, MIXING["mean"], 2, is_dynamic=True)


@pytest.mark.parametrize("name", APART)
def test_what_moves_examples_and_keeps_them_apart_is_read(tmp_path, name):
    assert read(tmp_path, APART[name], 2, is_dynamic=False).graph.class_count == 3


def test_an_onnx_file_of_one_batch_size_is_refused_by_node():
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1, name="average"),
        helper.make_node("Sub", ["x", "m"], ["c"]),
        helper.make_node("MatMul", ["c", "w"], ["y"]),
    ]
    with pytest.raises(FileRefusal, match="mixes the examples of a batch at `average") as refused:
        read_onnx(serialize(nodes, {"x": (2, 4)}, ["y"], {"w": random(4, 3)}))
    assert "stands alone" in refused.value.hint

"""`secateur export`: a user's own code becomes a file that an upload can be."""

import sys
import warnings

import pytest
import torch
from click.testing import CliRunner

from worker.cli import secateur
from worker.engine.network import build
from worker.intake.exported_program.reader import read_program

SOURCE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(4 * 36, 7)

    def forward(self, x):
        return self.fc(self.drop(torch.relu(self.conv(x)).flatten(1)))

class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(11, 6)
        self.fc = nn.Linear(8, 3)

    def forward(self, words, numbers):
        return self.fc(torch.cat([self.table(words).mean(1), numbers], 1))

class Burned(Net):
    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).view(2, 144))

class Single(Net):
    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).view(1, 144))

class Undecided(Net):
    def forward(self, x):
        return self.conv(x) if x.sum() > 0 else x

class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])

def demanding(width):
    return Net()

def broken():
    raise LookupError("the weights are missing")

def make():
    torch.manual_seed(0)
    return Net()

ready = make()
nothing = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "my_networks.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("my_networks", None)


def export(*arguments):
    return CliRunner().invoke(secateur, ["export", *arguments])


@pytest.mark.parametrize("name", ["make", "ready"])
def test_what_it_writes_computes_what_the_network_computes(folder, name):
    result = export(f"my_networks:{name}", "--example", "1x3x6x6", "-o", "net.pt2")
    assert result.exit_code == 0, result.output
    assert "net.pt2: Net, 1,127 parameters, any batch size." in result.output
    assert "secateur push net.pt2" in result.output
    module = build(read_program(folder / "net.pt2"))
    inputs = torch.randn(5, 3, 6, 6)
    assert torch.equal(module(inputs), sys.modules["my_networks"].make().eval()(inputs))


def test_several_inputs_of_several_types(folder):
    result = export("my_networks:Words", "--example", "1x5:int64", "--example", "1x2", "-o", "net.pt2")
    assert result.exit_code == 0, result.output
    graph = read_program(folder / "net.pt2").graph
    assert [(info.shape, info.dtype) for info in graph.inputs] == [((5,), "int64"), ((2,), "float32")]


@pytest.mark.parametrize(("name", "batch"), [("Burned", 2), ("Single", 1)])
def test_a_batch_that_is_burned_in_is_said_and_read_all_the_same(folder, name, batch):
    result = export(f"my_networks:{name}", "--example", "1x3x6x6", "-o", "net.pt2")
    assert result.exit_code == 0, result.output
    assert f"batches of {batch}, because" in result.output
    module = build(read_program(folder / "net.pt2"))
    inputs = torch.randn(5, 3, 6, 6)
    torch.testing.assert_close(module(inputs)[:2], module(inputs[:2]))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["my_networks", "--example", "1x3x6x6", "-o", "a.pt2"], "`my_networks` names no network"),
        (["nowhere:make", "--example", "1x3x6x6", "-o", "a.pt2"], "There is no Python module `nowhere`"),
        (["my_networks:gone", "--example", "1x3x6x6", "-o", "a.pt2"], "`my_networks` has no `gone`"),
        (["my_networks:nothing", "--example", "1x3x6x6", "-o", "a.pt2"], "is, or makes, int"),
        (["my_networks:make", "--example", "1x0", "-o", "a.pt2"], "`1x0` is no example"),
        (["my_networks:make", "--example", "1x3:text", "-o", "a.pt2"], "`1x3:text` is no example"),
        (["my_networks:make", "--example", "1x99999999999", "-o", "a.pt2"], "`1x99999999999` do not fit into memory"),
        (["my_networks:make", "--example", f"1x{10**22}", "-o", "a.pt2"], "do not fit into memory"),
        (["my_networks:make", "--example", "1x3x6x6", "-o", "a.pt"], "`a.pt` cannot be written"),
        (["my_networks:make", "--example", "1x4x6x6", "-o", "a.pt2"], "exported with inputs of shape 1x4x6x6, tried"),
        (
            ["my_networks:Undecided", "--example", "1x3x6x6", "-o", "a.pt2"],
            "1: it asks for values of its input while it runs",
        ),
        (["my_networks:demanding", "--example", "1x3x6x6", "-o", "a.pt2"], "`my_networks:demanding` makes no network"),
        (["my_networks:broken", "--example", "1x3x6x6", "-o", "a.pt2"], "LookupError: the weights are missing. `--v"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_sentence(folder, arguments, sentence):
    result = export(*arguments)
    assert result.exit_code == 1
    assert sentence in result.output
    assert len(result.output.strip().splitlines()) == 1, result.output
    assert not list(folder.glob("a.*"))


def test_a_module_that_cannot_be_imported_is_said_in_a_sentence(folder, monkeypatch):
    (folder / "half_done.py").write_text("x = (1,\n")
    result = export("half_done:make", "--example", "1x3", "-o", "a.pt2")
    assert (result.exit_code, len(result.output.strip().splitlines())) == (1, 1)
    assert "`half_done` cannot be imported: SyntaxError" in result.output


def test_what_the_authors_code_raised_is_shown_whole_when_it_is_asked_for(folder):
    result = export("my_networks:broken", "--example", "1x3", "-o", "a.pt2", "--verbose")
    assert isinstance(result.exception, LookupError)


def test_warnings_about_recurrent_layers_are_kept_back(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = export("my_networks:Recurrent", "--example", "1x6x4", "-o", "net.pt2")
    assert result.exit_code == 0, result.output
    assert not [str(found.message) for found in caught]
    assert len(result.output.strip().splitlines()) == 2

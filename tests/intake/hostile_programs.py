"""Exported programs as an attacker writes them: made from a good one, by changing what is inside.

The four first are those that run code in `torch.export.load` of torch 2.13.
"""

import io
import json
import pickle
import zipfile
from functools import cache

import torch
from torch import nn

from tests.intake.checkpoints import Gadget, saved
from tests.intake.exported_programs import exported

MODEL = "a/models/model.json"
WEIGHTS = "a/data/weights/model_weights_config.json"
CONSTANTS = "a/data/constants/model_constants_config.json"
SAMPLES = "a/data/sample_inputs/model.pt"


class Small(nn.Module):
    """A convolution, a batch norm and a classifier."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        return self.fc(torch.relu(self.norm(self.conv(x))).mean((2, 3)))


@cache
def good() -> bytes:
    torch.manual_seed(0)
    return exported(Small(), (torch.randn(2, 3, 8, 8),))


def rewritten(changes, *, added=(), content=None) -> bytes:
    """The good archive with the members in `changes` put through functions of their bytes (None drops them)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content or good())) as source, zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            change = changes.get(f"a/{name.partition('/')[2]}", lambda old: old)
            new = change(source.read(name))
            if new is not None:
                archive.writestr(f"a/{name.partition('/')[2]}", new)
        for name, new in added:
            archive.writestr(name, new)
    return out.getvalue()


def edited(name, edit) -> bytes:
    """The good archive with one JSON member changed in place by `edit`."""

    def change(old):
        document = json.loads(old)
        edit(document)
        return json.dumps(document).encode()

    return rewritten({name: change})


def graph_of(document):
    return document["graph_module"]["graph"]


def first_symbol(document):
    """Every symbolic size of the program."""
    for value in graph_of(document)["tensor_values"].values():
        for size in value["sizes"]:
            if "as_expr" in size:
                yield size["as_expr"]


# --- what runs code in torch's own loader


def pickled_samples(marker) -> bytes:
    return rewritten({SAMPLES: lambda _: saved({"evil": Gadget(marker)})})


def pickled_weight(marker) -> bytes:
    def edit(document):
        document["config"]["conv.weight"]["use_pickle"] = True

    changed = edited(WEIGHTS, edit)
    return rewritten({"a/data/weights/weight_0": lambda _: saved(Gadget(marker))}, content=changed)


def evaluated_size(marker) -> bytes:
    def edit(document):
        for expression in first_symbol(document):
            expression["expr_str"] = f"__import__('pathlib').Path({str(marker)!r}).touch()"

    return edited(MODEL, edit)


def imported_factory(marker) -> bytes:
    def edit(document):
        call = document["graph_module"]["module_call_graph"][0]["signature"]
        context = json.dumps({"default_factory_module": "antigravity", "default_factory_name": "x"})
        call["in_spec"] = json.dumps([1, {"type": "collections.defaultdict", "context": context, "children_spec": []}])

    return edited(MODEL, edit)


# --- and what else might


def opaque_object(marker) -> bytes:
    def change(old):
        document = json.loads(old)
        entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
        document["config"]["evil"] = entry
        return json.dumps(document).encode()

    return rewritten({CONSTANTS: change}, added=[("a/data/constants/opaque_obj_0", pickle.dumps(Gadget(marker)))])


def custom_object(marker) -> bytes:
    return rewritten({}, added=[("a/data/constants/custom_obj_0", pickle.dumps(Gadget(marker)))])


def compiled_code(marker) -> bytes:
    return rewritten({}, added=[("a/data/aotinductor/model/evil.so", b"\x7fELF")])


def legacy_weights(marker) -> bytes:
    return rewritten({WEIGHTS: lambda _: None}, added=[("a/data/weights/model.pt", saved({"w": Gadget(marker)}))])


def system_call(marker) -> bytes:
    def edit(document):
        node = graph_of(document)["nodes"][1]
        node["target"] = "torch.os.system"
        node["inputs"] = [{"name": "command", "arg": {"as_string": f"touch {marker}"}, "kind": 1}]

    return edited(MODEL, edit)


def dunder_target(marker) -> bytes:
    def edit(document):
        graph_of(document)["nodes"][1]["target"] = "torch.ops.aten.__class__.__init__"

    return edited(MODEL, edit)


def guard_code(marker) -> bytes:
    def edit(document):
        document["guards_code"] = [f"open({str(marker)!r}, 'w')"]

    return edited(MODEL, edit)


def file_operation(marker) -> bytes:
    """`aten.from_file` reads (or makes) any file."""

    def edit(document):
        node = graph_of(document)["nodes"][1]
        node["target"] = "torch.ops.aten.from_file.default"
        node["inputs"] = [
            {"name": "filename", "arg": {"as_string": str(marker)}, "kind": 1},
            {"name": "shared", "arg": {"as_bool": True}, "kind": 1},
            {"name": "size", "arg": {"as_int": 4}, "kind": 1},
        ]

    return edited(MODEL, edit)


RUN_CODE = (pickled_samples, pickled_weight, evaluated_size, imported_factory)
MAY_RUN_CODE = (
    *RUN_CODE,
    opaque_object,
    custom_object,
    compiled_code,
    legacy_weights,
    system_call,
    dunder_target,
    guard_code,
    file_operation,
)

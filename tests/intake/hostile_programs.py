"""Exported programs as an attacker writes them: made from a good one, by changing what is inside.

The four first are those that run code in `torch.export.load` of torch 2.13.
"""

import io
import json
import pickle
import struct
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


# --- what eats memory, disk or time


def with_meta(**changes) -> bytes:
    def edit(document):
        document["config"]["fc.weight"]["tensor_meta"].update(changes)

    return edited(WEIGHTS, edit)


def sizes(*values):
    return [{"as_int": value} for value in values]


def expanded_tensor() -> bytes:
    return with_meta(sizes=sizes(10**6, 10**6), strides=sizes(0, 0))


def overlapping_tensor() -> bytes:
    return with_meta(sizes=sizes(20, 4), strides=sizes(1, 1))


def beyond_its_storage() -> bytes:
    return with_meta(storage_offset={"as_int": 100})


def overflowing_sizes() -> bytes:
    return with_meta(sizes=sizes(2**62, 2**62), strides=sizes(0, 0))


def shared_storage() -> bytes:
    """Many tensors that each claim the whole of one buffer, in different shapes."""

    def edit(document):
        entry = document["config"]["conv.weight"]
        for number in range(200):
            meta = entry["tensor_meta"] | {"sizes": sizes(1, 108 - number), "strides": sizes(1, 1)}
            document["config"][f"w{number}"] = entry | {"tensor_meta": meta}

    return edited(WEIGHTS, edit)


def huge_activation() -> bytes:
    """A few bytes that ask for terabytes when the network runs."""

    def step(target, read, made, **arguments):
        inputs = [{"name": "self", "arg": {"as_tensor": {"name": read}}, "kind": 1}]
        inputs += [{"name": name, "arg": value, "kind": 1} for name, value in arguments.items()]
        outputs = [{"as_tensor": {"name": made}}]
        return {"target": f"torch.ops.aten.{target}", "inputs": inputs, "outputs": outputs, "metadata": {}}

    def edit(document):
        nodes = graph_of(document)["nodes"]
        pad = step("constant_pad_nd.default", "mean", "big", pad={"as_ints": [0, 10**12]})
        four = {"dim": {"as_int": 1}, "start": {"as_int": 0}, "end": {"as_int": 4}}
        nodes[-1:] = [pad, step("slice.Tensor", "big", "small", **four), nodes[-1]]
        nodes[-1]["inputs"][0]["arg"] = {"as_tensor": {"name": "small"}}

    return edited(MODEL, edit)


def many_nodes(count=500_000) -> bytes:
    """A chain of `count` rectified nothings: a description of tens of megabytes."""
    template = '{"target":"torch.ops.aten.relu.default","inputs":[{"name":"self","arg":{"as_tensor":{"name":"n%d"}}}],"outputs":[{"as_tensor":{"name":"n%d"}}],"metadata":{}}'  # noqa: E501

    def change(old):
        document = json.loads(old)
        nodes = [json.dumps(node) for node in graph_of(document)["nodes"]]
        chain = [template % (number, number + 1) for number in range(count)]
        chain[0] = chain[0].replace('"n0"', '"x"', 1)
        graph_of(document)["nodes"] = "HERE"
        return json.dumps(document).replace('"HERE"', f"[{','.join((*chain, *nodes))}]").encode()

    return rewritten({MODEL: change})


def deep_json() -> bytes:
    return rewritten({MODEL: lambda _: b'{"graph_module":' * 100_000})


def wide_json() -> bytes:
    return rewritten({MODEL: lambda _: b'{"graph_module":[' + b"[]," * 3_000_000 + b"[]]}"})


def long_number() -> bytes:
    return rewritten({MODEL: lambda _: b'{"graph_module":' + b"9" * 1_000_000 + b"}"})


def nested_graphs(depth=500) -> bytes:
    """Graphs that run graphs that run graphs."""
    begin = (
        '{"inputs":[],"outputs":[],"nodes":[{"target":"torch.ops.higher_order.wrap_with_set_grad_enabled","inputs":['
        '{"name":"","arg":{"as_bool":false}},{"name":"","arg":{"as_graph":{"name":"g","graph":'
    )
    end = '}}}],"outputs":[],"metadata":{}}]}'
    empty = '{"inputs":[],"outputs":[],"nodes":[]}'

    def change(old):
        document = json.loads(old)
        graph_of(document)["nodes"].insert(0, "HERE")
        inner = begin * depth + empty + end * depth
        node = inner.partition('"nodes":[')[2].removesuffix("]}")
        return json.dumps(document).replace('"HERE"', node, 1).encode()

    return rewritten({MODEL: change})


def deflated() -> bytes:
    """Zeros that compress a thousandfold."""
    out = io.BytesIO(good())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/extra/zeros", bytes(64 * 2**20))
    return out.getvalue()


def lying_size() -> bytes:
    """The first member says that it is larger than the file."""
    content = bytearray(good())
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"PK\x01\x02"))
    struct.pack_into("<II", content, at + 20, 2**31, 2**31)
    return bytes(content)


def overlapping_members() -> bytes:
    """Two entries of the directory point to the same bytes."""
    plain = rewritten({})
    content = bytearray(plain)
    second = content.rfind(b"PK\x01\x02")
    first = content.rfind(b"PK\x01\x02", 0, second)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    return bytes(content)


def doubled_member() -> bytes:
    with zipfile.ZipFile(io.BytesIO(good())) as source:
        model = source.read(next(name for name in source.namelist() if name.endswith("model.json")))
    out = io.BytesIO(rewritten({}))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("a/models/model2.json", model)
    return out.getvalue().replace(b"a/models/model2.json", b"a/models/model.json\0")


def nested_zip() -> bytes:
    return rewritten({}, added=[("a/inner.zip", good())])


def many_members(count=300_000) -> bytes:
    """A directory of `count` empty members."""
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"x"
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 65535, 65535, len(entry) * count, len(local), 0)
    return local + entry * count + end


BOMBS = (
    expanded_tensor,
    overlapping_tensor,
    beyond_its_storage,
    overflowing_sizes,
    huge_activation,
    many_nodes,
    deep_json,
    wide_json,
    long_number,
    nested_graphs,
    deflated,
    lying_size,
    overlapping_members,
    doubled_member,
    many_members,
)

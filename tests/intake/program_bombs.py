"""Exported programs that eat memory, disk or time, or lie of their size."""

import io
import json
import struct
import zipfile

from tests.intake.hostile_programs import MODEL, WEIGHTS, edited, good, graph_of, rewritten


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

"""Networks on disk: round trips, and files that lie."""

import json

import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.masking import random_masks
from tests.engine.zoo_cases import CASES, LENET5, RESNET20, case_name
from worker.engine.network import NetworkFiles, build, capture, dump, load, summarize
from worker.engine.surgery import remove


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_a_network_survives_the_disk_bit_by_bit(case):
    network = case.network()
    files = dump(network)
    again = load(files)
    assert again.graph == network.graph
    assert list(again.tensors) == list(network.tensors)
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in network.tensors.items())
    assert dump(again) == files


def test_a_pruned_network_survives_the_disk():
    network = RESNET20.network()
    thin = remove(network, random_masks(network, 0.5))
    inputs = RESNET20.inputs(2)
    assert torch.equal(build(load(dump(thin)))(inputs), build(thin)(inputs))
    assert summarize(load(dump(thin))) == summarize(thin)


def test_a_file_of_the_first_version_is_still_read():
    network = LENET5.network(torch.float64)
    files = dump(network)
    graph = json.loads(files.graph)
    (source,), (graph["output"],) = graph.pop("inputs"), graph.pop("outputs")
    for node in graph["nodes"]:
        del node["place"]
    graph |= {"schema_version": 1, "input": source["name"], "input_shape": source["shape"]}
    nodes = tuple(node.model_copy(update={"place": None}) for node in network.graph.nodes)
    assert load(NetworkFiles(json.dumps(graph), files.weights)).graph == network.graph.model_copy(
        update={"nodes": nodes}
    )


class _TwoOfEach(nn.Module):
    """Two inputs, one of them integers, and two outputs."""

    def __init__(self):
        super().__init__()
        self.scores, self.other = nn.Linear(3, 4), nn.Linear(3, 2)

    def forward(self, x, shift):
        x = x + shift.to(torch.float32)
        return self.scores(x), self.other(x)


def test_several_inputs_and_outputs_survive_the_disk():
    module = _TwoOfEach()
    inputs = (torch.randn(5, 3), torch.arange(15).view(5, 3))
    network = load(dump(capture(module, inputs, "test")))
    assert [(info.shape, info.dtype) for info in network.graph.inputs] == [((3,), "float32"), ((3,), "int64")]
    for answer, expected in zip(build(network)(*inputs), module(*inputs), strict=True):
        assert torch.equal(answer, expected)


def _tampered(change):
    files = dump(LENET5.network())
    graph = json.loads(files.graph)
    change(graph)
    return NetworkFiles(json.dumps(graph), files.weights)


def _node(graph, name):
    return next(node for node in graph["nodes"] if node["name"] == name)


LIES = {
    "an operation that is not on the list": (
        lambda graph: _node(graph, "relu").update(target="aten.from_file.default"),
        "not allowed",
    ),
    "a Python function": (lambda graph: _node(graph, "relu").update(target="os.system"), "not allowed"),
    "an unknown kind of argument": (
        lambda graph: _node(graph, "relu").update(args=[{"code": "print(1)"}]),
        "arguments of `relu`",
    ),
    "too many arguments": (lambda graph: _node(graph, "relu")["args"].append(3), "arguments of `relu`"),
    "an argument nobody knows": (
        lambda graph: _node(graph, "relu").update(kwargs={"out": {"node": "x"}}),
        "arguments of `relu`",
    ),
    "a reference to something later": (
        lambda graph: _node(graph, "relu").update(args=[{"node": "linear"}]),
        "does not exist at that point",
    ),
    "a reference to itself": (
        lambda graph: _node(graph, "relu").update(args=[{"node": "relu"}]),
        "does not exist at that point",
    ),
    "a tensor that is not there": (
        lambda graph: _node(graph, "linear").update(args=[{"node": "flatten"}, {"tensor": "fc9.weight"}]),
        "does not exist",
    ),
    "a node twice": (lambda graph: graph["nodes"].append(graph["nodes"][0]), "cannot be the name|Two operations"),
    "a name that is code": (
        lambda graph: graph["nodes"][0].update(name="x; import os"),
        "should match pattern",
    ),
    "a name that is a keyword": (lambda graph: graph["inputs"][0].update(name="lambda"), "cannot be the name"),
    "an architecture that is code": (lambda graph: graph.update(architecture='"""\nimport os'), "architecture"),
    "an unknown key": (lambda graph: graph.update(extra=1), "extra"),
    "a wrong shape": (lambda graph: graph["tensors"][0].update(shape=[20, 1, 5, 4]), "but network.json says"),
    "a tensor missing from the weights": (
        lambda graph: graph["tensors"].append({"name": "a", "kind": "buffer", "dtype": "float32", "shape": []}),
        "missing from the weights",
    ),
    "a tensor missing from the graph": (lambda graph: graph["tensors"].pop(), "missing from network.json"),
    "an output that is not there": (lambda graph: graph.update(outputs=["nowhere"]), "is not one of the operations"),
    "an output that is not a batch": (
        lambda graph: (
            graph["nodes"].append({"name": "total", "target": "aten.sum.dim_IntList", "args": [{"node": "relu"}, [0]]}),
            graph["outputs"].append("total"),
        ),
        "`total` is .* must be the batch",
    ),
    "an input twice": (lambda graph: graph["inputs"].append(graph["inputs"][0]), "cannot be the name"),
    "a wrong number of classes": (lambda graph: graph.update(class_count=11), "instead of"),
    "a wrong input": (lambda graph: graph["inputs"][0].update(shape=[3, 28, 28]), "do not fit together"),
    "sizes that do not fit": (
        lambda graph: _node(graph, "flatten").update(target="aten.view.default", args=[{"node": "relu"}, [-1, 7]]),
        "do not fit together",
    ),
    "a memory bomb": (
        lambda graph: (
            _node(graph, "relu").update(target="aten.pad.default", args=[{"node": "conv2d"}, [0, 10**6, 0, 10**6]]),
            _node(graph, "max_pool2d").update(
                target="aten.adaptive_avg_pool2d.default", args=[{"node": "relu"}, [12, 12]]
            ),
        ),
        "at most",
    ),
    "a string where a number belongs": (
        lambda graph: _node(graph, "flatten").update(args=[{"node": "max_pool2d_1"}, "one"]),
        "do not fit together",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_graph_that_lies_is_refused_with_a_sentence(lie):
    change, message = LIES[lie]
    with pytest.raises(JobFailure, match=message) as caught:
        load(_tampered(change))
    assert caught.value.code is FailureCode.REJECTED_FILE


def _renamed(name):
    files = dump(LENET5.network())
    tensors = load_tensors(files.weights)
    tensors[name] = tensors.pop("fc2.weight")
    return NetworkFiles(files.graph.replace("fc2.weight", name), save_tensors(tensors))


def test_a_tensor_that_sits_where_a_layer_is_is_refused():
    with pytest.raises(JobFailure, match="names of the tensors"):
        load(_renamed("conv1"))


@pytest.mark.parametrize("name", ["forward.weight", "graph.weight", "graph", "conv3.type.weight", "train"])
def test_names_that_modules_have_for_themselves_are_kept(name):
    module, inputs = build(load(_renamed(name))), LENET5.inputs(2)
    assert name in module.state_dict()
    assert name in dict(module.named_parameters())
    assert torch.equal(module(inputs), build(LENET5.network())(inputs))
    module.double().load_state_dict({key: value * 0 for key, value in module.state_dict().items()})
    assert not module.train()(inputs.double()).any()
    assert module.training


def test_text_that_is_no_json_is_refused():
    with pytest.raises(JobFailure, match=r"network\.json"):
        load(NetworkFiles("{", dump(LENET5.network()).weights))


def test_truncated_weights_are_refused():
    files = dump(LENET5.network())
    with pytest.raises(JobFailure, match="not a valid safetensors"):
        load(NetworkFiles(files.graph, files.weights[:-5]))


def test_weights_of_another_type_are_refused():
    files = dump(LENET5.network())
    tensors = load_tensors(files.weights)
    tensors["fc2.bias"] = tensors["fc2.bias"].double()
    with pytest.raises(JobFailure, match=r"fc2\.bias"):
        load(NetworkFiles(files.graph, save_tensors(tensors)))


def test_deeply_nested_arguments_are_refused():
    files = dump(LENET5.network())
    text = files.graph.replace('"args":[{"node":"conv2d"}]', f'"args":{"[" * 5000}{"]" * 5000}')
    assert text != files.graph
    with pytest.raises(JobFailure):
        load(NetworkFiles(text, files.weights))

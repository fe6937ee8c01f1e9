"""Networks on disk: `network.json` and safetensors, validated in full before anything is believed."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, fx

from backend.domain.errors import FailureCode, JobFailure
from worker.engine.graph import Graph, Network, NetworkFiles, Node
from worker.engine.graph.evaluation import meta_results
from worker.engine.graph.operations import OPERATIONS, bind
from worker.engine.graph.schema import DTYPE_NAMES, decode, references, tensor_names
from worker.engine.network.build import build

METADATA_KEY = "secateur"
"""Key of the safetensors metadata: one JSON object, because the format keeps no order among several keys."""
MAXIMUM_NODES = 50_000
MAXIMUM_ELEMENTS = 2**31
"""Elements of the largest intermediate result for one example."""
_PROBE_BATCHES = (1, 3)


def dump(network: Network) -> NetworkFiles:
    """The two files of a network; equal networks give equal bytes."""
    graph = network.graph
    origin = {
        "architecture": graph.architecture,
        "input_shape": list(graph.input_shape),
        "class_count": graph.class_count,
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.tensors.items()}
    return NetworkFiles(graph.model_dump_json(), save_safetensors(tensors, {METADATA_KEY: json.dumps(origin)}))


def load(files: NetworkFiles) -> Network:
    """Read a network and check all of it: operations, references, tensors, shapes.

    Raises `JobFailure` (REJECTED_FILE) with a sentence that names the node or tensor at fault.
    """
    try:
        graph = Graph.model_validate_json(files.graph)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _rejected(f"network.json: {place}: {first['msg']}") from error
    try:
        tensors = load_safetensors(files.weights)
    except SafetensorError as error:
        raise _rejected(f"The weights are not a valid safetensors file: {error}") from error
    _check_tensors(graph, tensors)
    _check_nodes(graph)
    network = Network(graph, {info.name: tensors[info.name] for info in graph.tensors})
    _check_shapes(network)
    _check_names(network)
    return network


def _rejected(detail: str) -> JobFailure:
    return JobFailure(FailureCode.REJECTED_FILE, detail, "Upload the file again from its source.")


def _check_tensors(graph: Graph, tensors: dict[str, Tensor]) -> None:
    declared = {info.name: info for info in graph.tensors}
    if len(declared) != len(graph.tensors):
        raise _rejected("network.json lists a tensor twice.")
    for name in sorted(declared.keys() ^ tensors.keys()):
        where = "the weights file" if name in declared else "network.json"
        raise _rejected(f"The tensor `{name}` is missing from {where}.")
    for name, info in declared.items():
        tensor = tensors[name]
        if tuple(tensor.shape) != info.shape or DTYPE_NAMES.get(tensor.dtype) != info.dtype:
            raise _rejected(
                f"`{name}` is {tuple(tensor.shape)} {tensor.dtype} in the weights file, "
                f"but network.json says {info.shape} {info.dtype}."
            )


def _check_nodes(graph: Graph) -> None:
    """Known operations only, and every reference points to something earlier."""
    if len(graph.nodes) > MAXIMUM_NODES:
        raise _rejected(f"The network has {len(graph.nodes)} operations; at most {MAXIMUM_NODES} are read.")
    inputs = [info.name for info in graph.inputs]
    known = set(inputs)
    tensors = {info.name for info in graph.tensors}
    scratch = fx.Graph()
    for name in (*inputs, *(node.name for node in graph.nodes if node.name not in known)):
        if scratch.placeholder(name).name != name:
            raise _rejected(f"`{name}` cannot be the name of an operation or input.")
    for node in graph.nodes:
        if node.name in known:
            raise _rejected(f"Two operations are called `{node.name}`.")
        _check_node(node, known, tensors)
        known.add(node.name)
    for output in graph.outputs:
        if output not in known.difference(inputs):
            raise _rejected(f"The output `{output}` is not one of the operations.")


def _check_node(node: Node, known: set[str], tensors: set[str]) -> None:
    if node.target not in OPERATIONS:
        raise _rejected(f"The operation `{node.target}` (at `{node.name}`) is not allowed.")
    try:
        args = tuple(decode(value) for value in node.args)
        kwargs: dict[str, Any] = {key: decode(value) for key, value in node.kwargs.items()}
        bind(node.target, args, kwargs)
        read = [name for value in (*args, *kwargs.values()) for name in references(value)]
        missing = [name for name in read if name not in known]
        missing += [name for name in tensor_names(node) if name not in tensors]
    except (ValueError, TypeError, RecursionError) as error:
        raise _rejected(f"The arguments of `{node.name}` are not valid: {error}.") from error
    if missing:
        raise _rejected(f"`{node.name}` reads `{missing[0]}`, which does not exist at that point.")


def _check_names(network: Network) -> None:
    """Build it without memory: no layer may hide what every module has, or sit where a tensor is."""
    try:
        build(Network(network.graph, {name: tensor.to("meta") for name, tensor in network.tensors.items()}))
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise _rejected(f"The names of the tensors do not make a network: {error}.") from error


def _check_shapes(network: Network) -> None:
    """Run the graph on shapes alone, for two batch sizes."""
    for batch in _PROBE_BATCHES:
        try:
            values = meta_results(network.graph, network.steps, batch)
        except (RuntimeError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise _rejected(f"The operations do not fit together: {reason}") from error
        for name, value in values.items():
            if isinstance(value, Tensor) and value.numel() > batch * MAXIMUM_ELEMENTS:
                raise _rejected(f"`{name}` would hold {value.numel()} numbers; at most {MAXIMUM_ELEMENTS} are allowed.")
        _check_answers(network.graph, values, batch)


def _check_answers(graph: Graph, values: Mapping[str, Any], batch: int) -> None:
    """The first output is the class scores; the batch is the first axis of all."""
    expected = (batch, graph.class_count)
    for name in graph.outputs:
        answer = values[name]
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        if name == graph.output and got != expected:
            raise _rejected(f"The network answers {got} instead of {expected}.")
        if not isinstance(answer, Tensor) or answer.shape[:1] != (batch,):
            raise _rejected(f"The output `{name}` is {got}: its first axis must be the batch.")

"""An exported program (`.pt2`) becomes a network: zip, JSON and raw numbers, read by our own code; nothing is run.

`torch.export.load` is never called: it unpickles, evaluates sizes and imports modules that the file names.
Source: `torch._export.serde.schema` and `torch.export.pt2_archive` of torch 2.13.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, fx

from worker.engine.graph import Network
from worker.engine.graph.schema import DTYPES, InputInfo
from worker.engine.network.draft import Draft, to_network
from worker.intake.exported_program.archive import CONSTANTS, MODEL, WEIGHTS, Archive, open_archive
from worker.intake.exported_program.document import Record
from worker.intake.exported_program.drafting import draft_graph
from worker.intake.exported_program.fixed_batch import burned_in, free_batch
from worker.intake.exported_program.gate import check_configuration, check_names, check_program
from worker.intake.exported_program.liveness import alive, without_noise
from worker.intake.exported_program.operations import Step, check_count, read_steps
from worker.intake.exported_program.payloads import Payload, load_tensors, read_payloads
from worker.intake.exported_program.precision import in_single, own_type, single_name
from worker.intake.exported_program.signature import STATELESS, Signature, UserInput, read_signature
from worker.intake.free_batch import is_independent
from worker.intake.mixing import check_apart
from worker.intake.opened import Opened, Uploaded
from worker.intake.refusals import printable, rejected

CONFIGURATIONS = {WEIGHTS: f"{WEIGHTS}model_weights_config.json", CONSTANTS: f"{CONSTANTS}model_constants_config.json"}
OLD_MEMBERS = frozenset({"serialized_exported_program.json", f"{WEIGHTS}model.pt", f"{CONSTANTS}model.pt"})
"""Members of exported programs whose weights are pickles; torch 2.13 still reads such, but writes none."""
NOT_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def open_program(uploaded: Uploaded) -> Opened:
    """The network of an exported program, as the sandbox asks for it; raises `FileRefusal`."""
    return Opened(read_program(uploaded.path, is_gated=uploaded.is_gated))


def read_program(path: Path, *, is_gated: bool = True) -> Network:
    """The network that an exported program holds, in evaluation mode; raises `FileRefusal`.

    Without the gate what is unsafe is not named as such, but it is not run either.
    """
    with open_archive(path) as archive:
        _check_age(archive)
        if is_gated:
            check_names(archive.names)
        program = archive.read_json(MODEL)
        graph = program.record("graph_module").record("graph")
        check_count(graph)
        if is_gated:
            check_program(program)
        payloads = _read_payloads(archive, is_gated=is_gated)
        signature = _share_tied(read_signature(program), payloads)
        steps, outputs = without_noise(read_steps(graph), signature.outputs)
        steps = alive(steps, outputs, signature.tensors)
        used = _used_tensors(steps, signature, payloads)
        tensors = load_tensors(archive, {name: payloads[name] for name in payloads if name in used.values()})
    parameters = frozenset(name for name, payload in payloads.items() if payload.is_parameter)
    own = own_type(tensors, parameters)
    inputs = {source.name: _describe(source, own) for source in signature.inputs}
    values = {name: tensor.to(torch.float32) if tensor.dtype is own else tensor for name, tensor in tensors.items()}
    drafted = draft_graph(in_single(steps, own), (*inputs, *used), outputs)
    batch = None if signature.inputs[0].is_dynamic else signature.inputs[0].example_batch
    freed = [] if batch is None else _free_batch(drafted, inputs, {name: values[used[name]] for name in used}, batch)
    draft = Draft(
        graph=drafted,
        inputs=inputs,
        tensors=used,
        values=values,
        parameters=parameters,
        constants=signature.constants,
    )
    network = to_network(draft, _architecture(program))
    if batch is not None and freed and not is_independent(network):
        raise burned_in(freed, batch)
    check_apart(network)
    return network


def _free_batch(
    graph: fx.Graph, inputs: Mapping[str, InputInfo], tensors: Mapping[str, Tensor], batch: int
) -> list[str]:
    examples = {
        name: torch.empty((batch, *info.shape), dtype=DTYPES[info.dtype], device="meta")
        for name, info in inputs.items()
    }
    return free_batch(graph, examples, tensors)


def _describe(source: UserInput, own: torch.dtype) -> InputInfo:
    try:
        return InputInfo(name="x", shape=source.shape, dtype=single_name(source.dtype, own))
    except ValueError as error:
        raise rejected(
            f"has an input, `{printable(source.name)}`, of an unusable shape.", "Export it again."
        ) from error


def _check_age(archive: Archive) -> None:
    """Refuse the layouts that keep weights as pickles."""
    if any(name in OLD_MEMBERS for name in archive.names):
        raise rejected(
            "was written by an older PyTorch, which pickles weights; such exported programs are not opened.",
            "Write it again with torch 2.13: `torch.export.save(torch.export.load(path), path)`.",
        )


def _read_payloads(archive: Archive, *, is_gated: bool) -> dict[str, Payload]:
    payloads: dict[str, Payload] = {}
    for folder, name in CONFIGURATIONS.items():
        configuration = archive.read_json(name)
        if is_gated:
            check_configuration(configuration)
        payloads |= read_payloads(configuration, folder)
    return payloads


def _share_tied(signature: Signature, payloads: dict[str, Payload]) -> Signature:
    """Names of one and the same memory become one name, the first: tied weights stay tied."""
    first: dict[object, str] = {}
    names = {name: first.setdefault(payload.layout, name) for name, payload in payloads.items()}
    tensors = {source: names.get(name, name) for source, name in signature.tensors.items()}
    return replace(signature, tensors=tensors)


def _used_tensors(steps: list[Step], signature: Signature, payloads: dict[str, Payload]) -> dict[str, str]:
    """Tensor's name by placeholder, for those that are read; raises `FileRefusal` for one that is missing or state."""
    read = {name for step in steps for name in step.read()}
    used = {source: name for source, name in signature.tensors.items() if source in read}
    missing = next((name for name in used.values() if name not in payloads), None)
    if missing is not None:
        raise rejected(f"is not complete: its tensor `{printable(missing)}` is missing.", "Save it again.")
    state = next((name for name in used.values() if name in signature.written), None)
    if state is not None:
        raise rejected(f"writes to its tensor `{printable(state)}` while it runs.", STATELESS)
    return used


def _architecture(program: Record) -> str:
    """The name of the network's class, as the first operation tells it."""
    nodes = program.record("graph_module").record("graph").records("nodes")
    stacks = (metadata.get("nn_module_stack") for node in nodes if isinstance(metadata := node.get("metadata"), dict))
    for stack in stacks:
        outermost = stack.partition(";")[0].split(",") if isinstance(stack, str) else []
        if len(outermost) == 3 and outermost[1] == "":
            name = NOT_A_NAME.sub("", outermost[2].rpartition(".")[2])[:200]
            if name:
                return name
    return "network"

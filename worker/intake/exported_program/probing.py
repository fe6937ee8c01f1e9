"""A network is run on shapes alone, for two batch sizes, before anybody believes it."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from worker.engine.graph import Network, Node
from worker.engine.graph.evaluation import example_inputs, walk
from worker.engine.graph.operations import FACTORIES, OPERATIONS, kind
from worker.engine.graph.schema import DTYPES
from worker.engine.network.raising import raised_nodes
from worker.intake.refusals import FileRefusal, printable, rejected

BATCHES = (1, 3)
ERRORS = (RuntimeError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError, KeyError, AttributeError)
"""What operations raise over arguments that do not fit."""


def finished(network: Network) -> Network:
    """The network with its number of classes; raises `FileRefusal` that names the operation which does not fit."""
    class_count = 0
    for batch in BATCHES:
        answers = _answers(network, batch)
        scores = next(iter(answers.values()))
        if scores.dim() != 2:
            raise rejected(
                f"answers {_shape(scores)} first; class scores `(examples, classes)` are needed.",
                "Export a network whose first output is the class scores.",
            )
        for name, answer in answers.items():
            if answer.dim() == 0 or answer.shape[0] != batch:
                raise rejected(
                    f"answers {_shape(answer)} (at `{printable(name)}`) for {batch} examples; "
                    "the first axis of every output must be the batch.",
                    "Export a network that keeps the batch as the first axis.",
                )
        class_count = int(scores.shape[1])
    known = replace(network, graph=network.graph.model_copy(update={"class_count": class_count}))
    try:
        raised_nodes(known)
    except ValueError as error:
        raise rejected(f"cannot be trained: {printable(str(error))}.", "Export the network again.") from error
    return known


def does_not_fit(node: Node, error: Exception) -> FileRefusal:
    """The refusal for an operation that fails on shapes alone."""
    lines = str(error).strip().splitlines()
    reason = printable(lines[0]) if lines else type(error).__name__
    return rejected(
        f"does not fit together at `{printable(node.place or node.name)}` (`{node.target}`): {reason}.",
        "Check that the network runs with batches of one, two and three examples, and export it again.",
    )


def _answers(network: Network, batch: int) -> dict[str, Tensor]:
    graph = network.graph
    tensors = {info.name: torch.empty(info.shape, dtype=DTYPES[info.dtype], device="meta") for info in graph.tensors}
    with torch.no_grad():
        values = walk(network.steps, example_inputs(graph, batch), tensors.__getitem__, _apply)
    answers = {name: values[name] for name in graph.outputs}
    wrong = next((name for name, value in answers.items() if not isinstance(value, Tensor)), None)
    if wrong is not None:
        raise rejected(f"answers something that is no tensor (at `{printable(wrong)}`).", "Return tensors only.")
    return answers


def _apply(node: Node, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    device = {"device": "meta"} if kind(node.target) in FACTORIES else {}
    try:
        return OPERATIONS[node.target](*args, **kwargs, **device)
    except ERRORS as error:
        raise does_not_fit(node, error) from error


def _shape(answer: Tensor) -> str:
    return str(tuple(answer.shape))

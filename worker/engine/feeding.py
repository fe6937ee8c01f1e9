"""A dataset made ready for one network: an array for each of its inputs, in its order and of its shapes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from backend.domain.datasets import DatasetInput
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.fitting import Misfit, pair
from backend.domain.network import NetworkInput
from worker.engine.examples import Dataset, Examples
from worker.engine.graph.schema import DTYPE_NAMES, DTYPES
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.network.inputs import network_inputs


@dataclass(frozen=True)
class Feed:
    """Training and test examples as one network takes them, but for their scaling."""

    train: Examples
    test: Examples
    inputs: tuple[NetworkInput, ...]
    """What the network takes, in its order, which is that of the examples' inputs."""


def feed(network: Network, dataset: Dataset) -> Feed:
    """The dataset's examples for a network; nothing is copied.

    Raises JobFailure(DATA_MISMATCH) that names the input and says what to do.
    """
    wanted = network_inputs(network)
    found = pair(wanted, _described(dataset, wanted))
    if isinstance(found, Misfit):
        raise JobFailure(FailureCode.DATA_MISMATCH, found.detail, found.hint)
    return Feed(_arranged(dataset.train, wanted, found), _arranged(dataset.test, wanted, found), wanted)


@torch.no_grad()
def try_extremes(network: Network, fed: Feed) -> None:
    """Show the network the examples with the smallest and the largest tokens: tables may be reached on other ways.

    On the CPU, where a number beyond a table is an error that can be caught. Raises JobFailure(DATA_MISMATCH).
    """
    places = [place for place, info in enumerate(fed.inputs) if not info.is_float]
    if not places:
        return
    module = build(network).eval()
    for part in (fed.train, fed.test):
        flat = [part.inputs.tensors[place].double().reshape(len(part), -1) for place in places if len(part)]
        index = [found for rows in flat for found in (rows.amin(1).argmin(), rows.amax(1).argmax())]
        some = part.inputs.at(torch.tensor(index, dtype=torch.int64))
        try:
            module(*(stored.to(DTYPES[info.type]) for stored, info in zip(some, fed.inputs, strict=True)))
        except (IndexError, RuntimeError) as error:
            names = ", ".join(f"`{fed.inputs[place].name}`" for place in places)
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise JobFailure(
                FailureCode.DATA_MISMATCH,
                f"The network cannot work with the dataset's numbers for {names}: {reason}.",
                "Make the tokens with the vocabulary that the network was trained with.",
            ) from error


def _arranged(examples: Examples, wanted: Sequence[NetworkInput], places: Sequence[int]) -> Examples:
    tensors = [
        examples.inputs.tensors[place].reshape(len(examples), *info.shape)
        for info, place in zip(wanted, places, strict=True)
    ]
    return Examples(Inputs(tuple(tensors)), examples.labels)


def _described(dataset: Dataset, wanted: Sequence[NetworkInput]) -> list[DatasetInput]:
    """The dataset's arrays; their smallest and largest numbers only where an input may ask for them."""
    is_asked = not all(info.is_float for info in wanted)
    return [
        _describe(name, [stored for stored in parts if len(stored)], parts[0], is_asked=is_asked)
        for name, *parts in zip(dataset.names, dataset.train.inputs, dataset.test.inputs, strict=True)
    ]


def _describe(name: str, parts: Sequence[Tensor], first: Tensor, *, is_asked: bool) -> DatasetInput:
    spans = [torch.aminmax(stored) for stored in parts] if is_asked else []
    return DatasetInput(
        name=name,
        shape=tuple(first.shape[1:]),
        type=DTYPE_NAMES[first.dtype],
        smallest=min((low.item() for low, _ in spans), default=None),
        largest=max((high.item() for _, high in spans), default=None),
    )

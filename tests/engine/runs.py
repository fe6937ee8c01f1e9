"""Small networks, data and recipes that the engine's tests share."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import torch

from backend.domain.recipe import Recipe
from backend.domain.reports import StepRecord
from worker.engine.checkpoint import Checkpoint
from worker.engine.examples import Dataset, Examples
from worker.engine.inputs import Inputs
from worker.engine.network import Network
from worker.engine.results import FinishedPoint
from worker.engine.run import Output, run
from worker.zoo.fresh import initialize

CPU = torch.device("cpu")
CLASSES = 4


def zoo_network(
    name: str, input_shape: tuple[int, ...], class_count: int, seed: int, widths: Sequence[int] | None = None
) -> Network:
    """As `initialize`, which traces the network anew each time: here once for all tests, with tensors of its own."""
    network = _initialized(name, input_shape, class_count, seed, None if widths is None else tuple(widths))
    return replace(network, tensors={name: tensor.clone() for name, tensor in network.tensors.items()})


_initialized = cache(initialize)


def small_lenet(seed: int = 0, widths: Sequence[int] = (6, 8, 12)) -> Network:
    """LeNet-5 with few channels for 16x16 images."""
    return zoo_network("lenet5", (1, 16, 16), CLASSES, seed, widths)


def small_mlp(seed: int = 0, widths: Sequence[int] = (10, 8)) -> Network:
    """A multilayer perceptron for the same images."""
    return zoo_network("mlp", (1, 16, 16), CLASSES, seed, widths)


def blobs(
    count: int = 160, test_count: int = 40, shape: tuple[int, ...] = (1, 16, 16), classes: int = CLASSES
) -> Dataset:
    """uint8 images whose class decides which corner is bright."""
    generator = torch.Generator().manual_seed(7)
    total = count + test_count
    labels = torch.arange(total) % classes
    inputs = torch.randint(0, 120, (total, *shape), generator=generator)
    height, width = shape[-2] // 2, shape[-1] // 2
    for index, label in enumerate(labels.tolist()):
        top, left = (label // 2 % 2) * height, (label % 2) * width
        inputs[index, :, top : top + height, left : left + width] += 100
    examples = Examples(Inputs.of(inputs.to(torch.uint8)), labels)
    first, rest = torch.arange(count), torch.arange(count, total)
    return Dataset(examples.at(first), examples.at(rest), classes, "blobs")


def recipe(**changes: object) -> Recipe:
    """A short Fisher run; keyword arguments replace top-level fields (given as JSON values)."""
    value: dict[str, object] = {
        "target": {"kind": "macs", "density": 0.5},
        "prune": {
            "criterion": {"kind": "fisher"},
            "schedule": {"kind": "greedy", "training_steps": 2},
            "points": 2,
        },
        "retrain": {"epochs": 1, "steps_per_record": 3},
        "data": {"batch_size": 32},
    }
    return Recipe.model_validate(value | changes)


@dataclass
class Collected:
    """Everything a run gave."""

    records: list[StepRecord] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    points: list[FinishedPoint] = field(default_factory=list)


def collect(outputs: Iterable[Output]) -> Collected:
    """Sort a run's outputs by kind."""
    result = Collected()
    for output in outputs:
        match output:
            case Checkpoint():
                result.checkpoints.append(output)
            case FinishedPoint():
                result.points.append(output)
            case _ if hasattr(output, "record"):
                result.records.append(output.record)
            case _:
                pass
    return result


def collect_run(network: Network, dataset: Dataset, chosen: Recipe, resume: Checkpoint | None = None) -> Collected:
    """Run to the end on the CPU."""
    return collect(run(network, dataset, chosen, CPU, should_stop=lambda: False, resume=resume))


def weights_hash(network: Network) -> str:
    """sha256 over all tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()

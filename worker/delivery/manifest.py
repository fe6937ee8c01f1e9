"""The manifest: where a network comes from, and what it measured."""

import platform
from dataclasses import dataclass
from importlib import metadata

import torch
from pydantic import JsonValue

from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from worker.engine.examples import Scaling

MANIFEST_VERSION = 1
_PROJECT = "secateur"


@dataclass(frozen=True)
class Origin:
    """What a finished network was made from."""

    model_hash: str
    """sha256 of the uploaded file, or empty for a network trained from scratch."""
    dataset_hash: str
    """Content hash of the dataset."""
    seed: int
    device: str
    """Where it ran, such as `cpu` or `cuda:0`."""


def manifest(
    origin: Origin, point: OperatingPoint, scaling: Scaling, recipe: Recipe | None = None
) -> dict[str, JsonValue]:
    """Everything but the files' hashes, which `bundle` adds."""
    return {
        "manifest_version": MANIFEST_VERSION,
        "model_sha256": origin.model_hash,
        "dataset_sha256": origin.dataset_hash,
        "recipe_fingerprint": recipe.fingerprint() if recipe is not None else None,
        "seed": origin.seed,
        "versions": versions(),
        "hardware": hardware(origin.device),
        "input_scaling": {"divisor": scaling.divisor, "mean": list(scaling.mean), "std": list(scaling.std)},
        "operating_point": point.model_dump(mode="json"),
    }


def versions() -> dict[str, JsonValue]:
    """Versions of what computed the network."""
    packages = {name: _version(name) for name in (_PROJECT, "torch", "safetensors", "numpy")}
    return {"python": platform.python_version(), **packages}


def _version(package: str) -> str | None:
    """Version of an installed package; None when it runs from a source folder that was never installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def hardware(device: str) -> dict[str, JsonValue]:
    """What computed the network; the thread count decides bits on a CPU."""
    is_cuda = device.startswith("cuda")
    return {
        "device": device,
        "device_name": torch.cuda.get_device_name(device) if is_cuda else platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
    }

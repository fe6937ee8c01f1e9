"""The manifest: where a network comes from, and what it measured."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import torch
from pydantic import JsonValue

from backend.domain.delivery import FileFacts, LatencyReport
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from worker.delivery.host import processor_name
from worker.engine.scaling import AsStored, ChannelScaling, Scaling

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
    """Everything but the files' hashes, which `bundle` adds; with what to know of the network."""
    notice: dict[str, JsonValue] = {"notice": " ".join(point.notices)} if point.notices else {}
    return {
        **notice,
        "manifest_version": MANIFEST_VERSION,
        "model_sha256": origin.model_hash,
        "dataset_sha256": origin.dataset_hash,
        "recipe_fingerprint": recipe.fingerprint() if recipe is not None else None,
        "seed": origin.seed,
        "versions": versions(),
        "hardware": hardware(origin.device),
        "input_scaling": scaling_facts(scaling),
        "operating_point": _told_point(point),
    }


def _told_point(point: OperatingPoint) -> dict[str, JsonValue]:
    """The point; where weights are zero its counts have names that tell them from those of the files."""
    names = {"macs": "nonzero_macs", "parameters": "nonzero_parameters"} if point.zeros is not None else {}
    return {names.get(key, key): value for key, value in point.model_dump(mode="json").items()}


def scaling_facts(scaling: Scaling) -> dict[str, JsonValue]:
    """The scaling of inputs, `(stored / divisor - mean) / std` for each channel.

    Of several inputs, and of those that are not scaled, one by one: `{"inputs": [{"name": ...}, ...]}`.
    """
    (first, *others) = scaling.parts
    if isinstance(first, ChannelScaling) and not others:
        return _facts(first)
    return {"inputs": [{"name": name, **_facts(part)} for name, part in zip(scaling.names, scaling.parts, strict=True)]}


def read_scaling(manifest: Mapping[str, Any]) -> Scaling:
    """The scaling that a manifest tells; raises `KeyError` when there is none."""
    told = manifest["input_scaling"]
    if "inputs" not in told:
        return Scaling.one(_read(told))
    return Scaling(tuple(item["name"] for item in told["inputs"]), tuple(map(_read, told["inputs"])))


def _facts(part: ChannelScaling | AsStored) -> dict[str, JsonValue]:
    if isinstance(part, AsStored):
        return {"type": part.type}
    return {"divisor": part.divisor, "mean": list(part.mean), "std": list(part.std)}


def _read(told: Mapping[str, Any]) -> ChannelScaling | AsStored:
    if "type" in told:
        return AsStored(told["type"])
    return ChannelScaling(mean=tuple(told["mean"]), std=tuple(told["std"]), divisor=float(told["divisor"]))


def with_file(manifest: Mapping[str, Any], name: str, data: bytes, facts: FileFacts) -> dict[str, Any]:
    """The manifest with one more file, and what was checked of it."""
    files = {**manifest.get("files", {}), name: file_entry(data)}
    told = {**manifest, "files": files}
    if facts.onnx_check is not None:
        told["checks"] = {**manifest.get("checks", {}), name: facts.onnx_check.model_dump(mode="json")}
    return told


def with_latency(manifest: Mapping[str, Any], report: LatencyReport) -> dict[str, Any]:
    """The manifest with measured latency."""
    return {**manifest, "latency": report.model_dump(mode="json")}


def file_entry(data: bytes) -> dict[str, JsonValue]:
    """How a manifest names the bytes of a file."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def to_json(value: Any) -> bytes:
    """JSON for people and programs: indented, keys sorted."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


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
        "device_name": torch.cuda.get_device_name(device) if is_cuda else processor_name(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
    }

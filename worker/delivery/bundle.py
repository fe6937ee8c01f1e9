"""The files of one operating point: weights, source, recipe and manifest."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from backend.domain.recipe import Recipe
from worker.delivery.source import write_source
from worker.engine.counting import count_macs, count_parameters
from worker.engine.examples import Scaling
from worker.engine.network import Network, dump

WEIGHTS = "model.safetensors"
SOURCE = "model.py"
RECIPE = "recipe.json"
MANIFEST = "manifest.json"


def bundle(network: Network, recipe: Recipe | None, manifest: Mapping[str, JsonValue]) -> dict[str, bytes]:
    """Files by name; equal inputs give equal bytes. Without a recipe (a sample network) there is no recipe.json.

    `manifest` comes from `worker.delivery.manifest`; hashes, sizes and counts are added here.
    Raises `KeyError` when it holds no `input_scaling`.
    """
    files = {
        WEIGHTS: dump(network).weights,
        SOURCE: write_source(network, _scaling(manifest)).encode(),
    }
    if recipe is not None:
        files[RECIPE] = _json(recipe.model_dump(mode="json"))
    complete: dict[str, Any] = {
        **manifest,
        "network": {
            "architecture": network.graph.architecture,
            "input_shape": list(network.graph.input_shape),
            "class_count": network.graph.class_count,
            "parameters": count_parameters(network),
            "macs": count_macs(network),
        },
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            for name, content in files.items()
        },
    }
    return {**files, MANIFEST: _json(complete)}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def _scaling(manifest: Mapping[str, JsonValue]) -> Scaling:
    told: Any = manifest["input_scaling"]
    return Scaling(mean=tuple(told["mean"]), std=tuple(told["std"]), divisor=float(told["divisor"]))

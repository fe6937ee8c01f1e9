"""The files of one operating point: weights, source, recipe and manifest."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from backend.domain.delivery import FILE_NAMES, MANIFEST, Format
from backend.domain.recipe import Recipe
from worker.delivery.forward import argument_names
from worker.delivery.manifest import file_entry, read_scaling, to_json
from worker.delivery.source import write_source
from worker.engine.counting import count_macs, count_parameters
from worker.engine.graph.schema import Graph
from worker.engine.network import Network, dump

WEIGHTS = FILE_NAMES[Format.SAFETENSORS]
SOURCE = "model.py"
RECIPE = "recipe.json"


def bundle(network: Network, recipe: Recipe | None, manifest: Mapping[str, JsonValue]) -> dict[str, bytes]:
    """Files by name; equal inputs give equal bytes. Without a recipe (a sample network) there is no recipe.json.

    `manifest` comes from `worker.delivery.manifest`; hashes, sizes and counts are added here.
    Raises `KeyError` when it holds no `input_scaling`.
    """
    files = {
        WEIGHTS: dump(network).weights,
        SOURCE: write_source(network, read_scaling(manifest)).encode(),
    }
    if recipe is not None:
        files[RECIPE] = to_json(recipe.model_dump(mode="json"))
    complete: dict[str, Any] = {
        **manifest,
        "network": {
            "architecture": network.graph.architecture,
            **_told_inputs(network.graph),
            "class_count": network.graph.class_count,
            "parameters": count_parameters(network),
            "macs": count_macs(network),
        },
        "files": {name: file_entry(content) for name, content in files.items()},
    }
    return {**files, MANIFEST: to_json(complete)}


def _told_inputs(graph: Graph) -> dict[str, JsonValue]:
    """Every input with the shape of one example and its type; a single input's shape by itself too."""
    inputs: list[JsonValue] = [
        {"name": name, "shape": list(info.shape), "dtype": info.dtype}
        for name, info in zip(argument_names(graph), graph.inputs, strict=True)
    ]
    single: dict[str, JsonValue] = {"input_shape": list(graph.input_shape)} if len(inputs) == 1 else {}
    return {**single, "inputs": inputs}

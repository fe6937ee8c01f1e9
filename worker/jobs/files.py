"""The files of an operating point, as the recorder stores them."""

from dataclasses import dataclass
from pathlib import PurePath

from backend.domain.recipe import Recipe
from worker.delivery import Origin, bundle, manifest
from worker.engine.results import FinishedPoint
from worker.recorder import PointFile

_MEDIA_TYPES = {".py": "text/x-python", ".json": "application/json"}
_BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Delivery:
    """What a run's networks are handed out with."""

    origin: Origin
    recipe: Recipe | None


def point_files(finished: FinishedPoint, delivery: Delivery) -> list[PointFile]:
    """Weights, source, recipe and manifest of one network."""
    told = manifest(delivery.origin, finished.point, finished.scaling, delivery.recipe)
    files = bundle(finished.network, delivery.recipe, told)
    return [PointFile(name, data, media_type(name)) for name, data in files.items()]


def media_type(name: str) -> str:
    """How a file is served, by its ending."""
    return _MEDIA_TYPES.get(PurePath(name).suffix, _BINARY)

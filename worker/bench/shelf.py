"""The folder of a comparison: dense networks, finished outcomes, and checkpoints that runs go on from."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from backend.domain.comparison import Outcome
from backend.domain.errors import InvalidValue, JobFailure
from backend.domain.reports import OperatingPoint
from worker.engine.checkpoint import Checkpoint
from worker.engine.network import Network, NetworkFiles, dump, load
from worker.files import write_whole


@dataclass(frozen=True)
class Shelf:
    """Files are written beside their place and moved there: what is found is whole."""

    folder: Path

    def network(self, key: str) -> Network | None:
        """A dense network, if it is there."""
        graph, weights = self._file(key, ".json"), self._file(key, ".safetensors")
        if not (graph.exists() and weights.exists()):
            return None
        with _readable(weights, "it is trained again"):
            return load(NetworkFiles(graph.read_text(), weights.read_bytes()))

    def keep_network(self, key: str, network: Network) -> None:
        """Keep a dense network."""
        files = dump(network)
        self._write(self._file(key, ".safetensors"), files.weights)
        self._write(self._file(key, ".json"), files.graph.encode())

    def outcome(self, key: str) -> Outcome | None:
        """A finished outcome, if it is there."""
        file = self._file(key, ".outcome.json")
        if not file.exists():
            return None
        with _readable(file, "the run is made again"):
            return Outcome.model_validate_json(file.read_bytes())

    def keep_outcome(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome; what its run had left behind goes."""
        self._write(self._file(key, ".outcome.json"), outcome.model_dump_json().encode())
        self._file(key, ".checkpoint").unlink(missing_ok=True)
        self._file(key, ".dense.json").unlink(missing_ok=True)

    def place(self, key: str) -> tuple[Checkpoint, OperatingPoint | None] | None:
        """What `keep_place` kept, if it is there."""
        checkpoint, dense = self._file(key, ".checkpoint"), self._file(key, ".dense.json")
        if not checkpoint.exists():
            return None
        with _readable(checkpoint, "the run begins anew"):
            point = OperatingPoint.model_validate_json(dense.read_bytes()) if dense.exists() else None
            return Checkpoint.from_bytes(checkpoint.read_bytes()), point

    def keep_place(self, key: str, checkpoint: Checkpoint, dense: OperatingPoint | None) -> None:
        """Keep a checkpoint that a run can go on from, and the dense network's point if it came before."""
        if dense is not None:
            self._write(self._file(key, ".dense.json"), dense.model_dump_json().encode())
        self._write(self._file(key, ".checkpoint"), checkpoint.to_bytes())

    def _file(self, key: str, suffix: str) -> Path:
        return self.folder / f"{key}{suffix}"

    def _write(self, file: Path, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(file, content)


@contextmanager
def _readable(file: Path, then: str) -> Iterator[None]:
    """Tell of a damaged file, and what comes of deleting it."""
    try:
        yield
    except (JobFailure, ValidationError) as error:
        raise InvalidValue(f"{file} is damaged, or of another version.", hint=f"Delete it: {then}.") from error


def digest_of(network: Network) -> str:
    """Of a network's weights, by which it is known again: sha256 over names and bytes, 20 hex digits."""
    digest = hashlib.sha256()
    for name in sorted(network.tensors):
        digest.update(name.encode())
        digest.update(network.tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()[:20]


def key_of(*parts: str) -> str:
    """A short name for what these parts decide: sha256, 20 hex digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()[:20]

"""What opening an uploaded model leads to."""

from dataclasses import dataclass

from backend.domain.network import ArchitectureMatch, NetworkSummary
from worker.engine.network import NetworkFiles


@dataclass(frozen=True)
class Ready:
    """The model is a network of a known architecture."""

    files: NetworkFiles
    summary: NetworkSummary


@dataclass(frozen=True)
class Choice:
    """Several architectures fit the tensors; the user has to say which one it is."""

    matches: tuple[ArchitectureMatch, ...]


ModelIntake = Ready | Choice

"""What the readers of the sandbox are given, and what they give back."""

from dataclasses import dataclass
from pathlib import Path

from backend.domain.network import ArchitectureMatch
from worker.engine.graph import Network


@dataclass(frozen=True)
class Uploaded:
    """An untrusted file, and what its user said of it."""

    path: Path
    size: int
    """In bytes."""
    name: str
    """The file's name as the user knows it."""
    choice: ArchitectureMatch | None = None
    """The architecture that the user picked where several fit."""
    is_gated: bool = True
    """Whether an archive is looked through for code before it is read; off only to test that the reader runs none."""


@dataclass(frozen=True)
class Opened:
    """A network, or several architectures to choose from; a file that holds its own graph matches none."""

    network: Network | None
    matches: tuple[ArchitectureMatch, ...] = ()
    notes: tuple[str, ...] = ()
    """Whole sentences: what a user should know of how the file was read."""

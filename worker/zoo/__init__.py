"""Reference networks of the literature by name, without weights."""

from worker.zoo.architectures import ARCHITECTURES, Architecture, build_architecture
from worker.zoo.match import fit, match

__all__ = ["ARCHITECTURES", "Architecture", "build_architecture", "fit", "match"]

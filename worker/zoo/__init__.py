"""Reference networks of the literature by name, without weights."""

from worker.zoo.architectures import ARCHITECTURES, Architecture, build_architecture

__all__ = ["ARCHITECTURES", "Architecture", "build_architecture"]

"""What a locked-down child may use up."""

import resource
from dataclasses import asdict, dataclass
from typing import Self

GIB = 2**30
SHARED_LIBRARIES_BYTES = 24 * GIB
"""Address space for mapped libraries: a CUDA build of torch maps many GiB that cost no memory."""
CPU_GRACE_S = 5


@dataclass(frozen=True)
class Limits:
    """Bounds on one child; sizes in bytes, times in seconds."""

    memory_bytes: int
    """Private writable memory."""
    disk_bytes: int
    """All files in its folder together."""
    cpu_s: int = 120
    wall_s: int = 180
    open_files: int = 256
    reply_bytes: int = 2**20
    """The JSON answer on the pipe."""

    @classmethod
    def for_file(cls, size: int) -> Self:
        """Enough to parse a file of `size` bytes: four times its size, and 2 GiB for torch."""
        return cls(memory_bytes=4 * size + 2 * GIB, disk_bytes=4 * size + GIB)

    def to_json(self) -> dict[str, int]:
        """As plain JSON, for the child."""
        return asdict(self)


def apply_limits(limits: Limits) -> None:
    """Set the kernel's limits on this process; they can only become tighter from then on."""
    bounds = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_AS: limits.memory_bytes + SHARED_LIBRARIES_BYTES,
        resource.RLIMIT_FSIZE: limits.disk_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: 0,
    }
    for kind, bound in bounds.items():
        _, hard = resource.getrlimit(kind)
        ceiling = bound + (CPU_GRACE_S if kind == resource.RLIMIT_CPU else 0)
        if hard != resource.RLIM_INFINITY:
            ceiling = min(ceiling, hard)
        resource.setrlimit(kind, (min(bound, ceiling), ceiling))

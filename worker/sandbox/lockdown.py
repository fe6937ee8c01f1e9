"""Lock this process down: limits, no new privileges, Landlock, system call filter; each step cannot be undone."""

import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.sandbox import landlock, seccomp
from worker.sandbox.kernel import Unsupported, forbid_new_privileges
from worker.sandbox.limits import Limits, apply_limits

SYSTEM_READABLE = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/dev/null",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
"""What Python and torch read from the system when they start and while they run; no place for secrets."""
PACKAGE_FOLDER = Path(__file__).resolve().parents[1]
PROJECT_FOLDER = PACKAGE_FOLDER.parent
PROJECT_PACKAGES = (PACKAGE_FOLDER, PROJECT_FOLDER / "backend")


@dataclass(frozen=True)
class Protection:
    """What holds this process; an empty `missing` means everything."""

    landlock_version: int
    missing: tuple[str, ...]


def lock_down(limits: Limits, folder: Path, readable: Sequence[Path]) -> Protection:
    """Leave this process its own `folder`, the `readable` paths and Python; nothing else, and no way out.

    Never raises for a protection that the machine lacks: it is named in the result, and the rest is still applied.
    """
    missing = []
    version = 0
    try:
        apply_limits(limits)
    except (ValueError, OSError) as error:
        missing.append(f"limits cannot be set ({error})")
    try:
        forbid_new_privileges()
        _check_single_thread()
        version = landlock.restrict([*python_paths(), *readable], [folder])
    except (Unsupported, OSError) as error:
        missing.append(str(error))
    try:
        seccomp.install_filter()
    except (Unsupported, OSError) as error:
        missing.append(str(error))
    return Protection(version, tuple(missing))


def python_paths() -> list[Path]:
    """Folders with the code that the child itself is made of."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    libraries = [Path(sysconfig.get_path(name)).resolve() for name in names]
    base = Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib")
    own = [path for path in PROJECT_PACKAGES if path.is_dir()]
    return [*dict.fromkeys([*libraries, base, *own, *(Path(path) for path in SYSTEM_READABLE)])]


def _check_single_thread() -> None:
    """Landlock binds the calling thread and what it starts; a thread that runs already would stay free."""
    tasks = Path("/proc/self/task")
    count = sum(1 for _ in tasks.iterdir()) if sys.platform == "linux" else 1
    if count > 1:
        raise Unsupported(f"{count} threads run already")

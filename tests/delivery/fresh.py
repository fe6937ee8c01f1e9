"""A fresh environment with torch and safetensors only, and how to run something in it."""

import importlib.util
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

PACKAGES = (
    "torch",
    "torchgen",
    "functorch",
    "safetensors",
    "numpy",
    "typing_extensions",
    "sympy",
    "mpmath",
    "networkx",
    "jinja2",
    "markupsafe",
    "fsspec",
    "filelock",
)


def make_environment(folder: Path, names: Sequence[str] = PACKAGES) -> Path:
    """The interpreter of a new environment with the named packages (torch, safetensors and what these need) only.

    The packages are links to the installed ones, so that no network is needed.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in names:
        spec = importlib.util.find_spec(name)
        assert spec is not None, f"{name} is not installed"
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (packages / source.name).symlink_to(source)
        for extra in source.parent.glob(f"{name}*.libs"):
            (packages / extra.name).symlink_to(extra)
    return folder / "bin" / "python"


def run(python: Path, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the environment's interpreter in a folder, isolated (`-I`) and without the caller's variables."""
    return subprocess.run(
        [python, "-I", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )

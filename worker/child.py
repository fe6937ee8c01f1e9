"""One child process of the supervisor: started, read, restarted with patience, stopped."""

import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

from worker.processes import die_with_parent, kill_tree

_LOG_BYTES = 5_000_000
_LOG_FILES = 3
_ALARMING = re.compile(r"\b(ERROR|CRITICAL|Traceback)\b")
_CALM_SECONDS = 60.0
"""A child that lived this long is healthy again: its next restart does not wait longer than the first."""


@dataclass(frozen=True)
class ChildSpec:
    """What to run: a name for the console and the log file, a command line, its environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_first: bool = True
    """Stopped in the first wave; the broker goes last, because the others say goodbye through it."""


class Child:
    """A running (or for the moment dead) process; its output goes to `<logs>/<name>.log`, alarms to the console."""

    def __init__(self, spec: ChildSpec, logs: Path, restart_delays: Sequence[float]) -> None:
        self.spec = spec
        self.log_path = logs / f"{spec.name}.log"
        self._handler = RotatingFileHandler(self.log_path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES)
        self._delays = restart_delays
        self._deaths = 0
        self._started_at = 0.0
        self._start_again_at = 0.0
        self._partial = b""
        self.last_line = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def output(self) -> IO[bytes] | None:
        """The pipe from which `read_lines` reads, while the process runs."""
        return self._process.stdout if self._process else None

    def start(self) -> None:
        """Start the process in a session of its own; it is told to stop if this process dies."""
        parent = os.getpid()
        self._process = subprocess.Popen(  # noqa: S603 - our own command line, no shell
            self.spec.command,
            env=dict(self.spec.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),
        )
        if self._process.stdout is not None:
            os.set_blocking(self._process.stdout.fileno(), False)
        self._started_at = time.monotonic()

    def read_lines(self) -> list[str]:
        """Move what the process wrote into its log; return the lines a person should see."""
        if self.output is None:
            return []
        self._partial += self.output.read() or b""
        *lines, self._partial = self._partial.split(b"\n")
        decoded = [line.decode(errors="replace").rstrip() for line in lines]
        for line in filter(None, decoded):
            self._handler.emit(logging.LogRecord(self.spec.name, logging.INFO, "", 0, line, None, None))
            self.last_line = line
        return [line for line in decoded if _ALARMING.search(line)]

    def exit_status(self) -> int | None:
        """The status of a process that ended by itself since the last call, else None; it is then not running."""
        if self._process is None or (status := self._process.poll()) is None:
            return None
        self._forget()
        return status

    def schedule_restart(self) -> float:
        """Plan the next start; the seconds until then grow with every death that follows shortly on the last."""
        if time.monotonic() - self._started_at > _CALM_SECONDS:
            self._deaths = 0
        delay = self._delays[min(self._deaths, len(self._delays) - 1)]
        self._deaths += 1
        self._start_again_at = time.monotonic() + delay
        return delay

    def is_due(self) -> bool:
        """It is dead and its waiting time is over."""
        return self._process is None and time.monotonic() >= self._start_again_at

    def ask_to_stop(self) -> None:
        """Send SIGTERM, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything below it at once."""
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.wait()
            self._forget()

    def close(self) -> None:
        """Close the log file."""
        self._handler.close()

    def _forget(self) -> None:
        self.read_lines()
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

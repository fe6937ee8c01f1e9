"""The supervisor of `secateur up`: starts the children, starts them again, and leaves no process behind."""

import selectors
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from worker.child import Child, ChildSpec
from worker.processes import adopt_orphans, kill_descendants, kill_orphans

RESTART_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before the first, second, … start of a child that keeps dying."""
STOP_SECONDS = 6.0
"""The time that the children have to finish by themselves; with the broker's, everything ends within ten seconds."""
_BROKER_STOP_SECONDS = 2.0
_TICK_SECONDS = 0.1


class Supervisor:
    """Runs child processes until SIGINT or SIGTERM; `say` gets the lines that a person should read."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        logs: Path,
        say: Callable[[str], None],
        restart_delays: Sequence[float] = RESTART_DELAYS,
    ) -> None:
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._children = [Child(spec, logs, restart_delays) for spec in specs]
        self._say = say
        self._is_stopping = False

    def run(self, on_tick: Callable[[], None]) -> None:
        """Start every child and watch them until a signal asks to stop; call `on_tick` several times a second."""
        adopt_orphans()
        previous = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not self._is_stopping:
                self._start_due()
                self._pump(_TICK_SECONDS)
                self._note_deaths()
                on_tick()
        finally:
            self._stop_all()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def pids(self) -> dict[str, int]:
        """The process id of each running child by name."""
        return {child.spec.name: child.pid for child in self._children if child.pid is not None}

    def stop(self) -> None:
        """Ask `run` to end."""
        self._is_stopping = True

    def _start_due(self) -> None:
        for child in self._children:
            if child.is_due():
                child.start()

    def _pump(self, seconds: float) -> None:
        """Wait up to `seconds` for output of any child and move it to where it belongs."""
        with selectors.DefaultSelector() as selector:
            for child in self._children:
                if child.output is not None:
                    selector.register(child.output, selectors.EVENT_READ, child)
            if not selector.get_map():
                time.sleep(seconds)
            for key, _ in selector.select(seconds):
                for line in key.data.read_lines():
                    self._say(f"[{key.data.spec.name}] {line}")

    def _note_deaths(self) -> None:
        """Plan the restart of every child that ended; what it started itself must not go on without it."""
        for child in self._children:
            status = child.exit_status()
            if status is not None and not self._is_stopping:
                kill_orphans(self.pids().values())
                delay = child.schedule_restart()
                self._say(
                    f"[{child.spec.name}] stopped ({_describe(status)}); starting it again in {delay:g} s. "
                    f"Last line of {child.log_path}: {child.last_line or '(empty)'}"
                )

    def _stop_all(self) -> None:
        first = [child for child in self._children if child.spec.stop_first]
        last = [child for child in self._children if not child.spec.stop_first]
        self._stop(first, STOP_SECONDS)
        self._stop(last, _BROKER_STOP_SECONDS)
        kill_descendants()
        for child in self._children:
            child.close()

    def _stop(self, children: Sequence[Child], seconds: float) -> None:
        """Ask `children` to stop, wait up to `seconds`, then kill what is left."""
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + seconds
        while any(child.pid for child in children) and time.monotonic() < deadline:
            self._pump(_TICK_SECONDS)
            for child in children:
                child.exit_status()
        for child in children:
            child.kill()


def _describe(status: int) -> str:
    """An exit status in words."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

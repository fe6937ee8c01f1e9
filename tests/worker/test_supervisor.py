"""The supervisor with small children: starts, restarts, stops, and dies without leaving anybody behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import is_gone, wait_for

SUPERVISED = """
import sys, time
from pathlib import Path
from worker.child import ChildSpec
from worker.supervisor import Supervisor
import os
folder = Path(sys.argv[1])
specs = [
    ChildSpec(name, [sys.executable, "-u", "-c", source], dict(os.environ), stop_first=name != "last")
    for name, source in zip(sys.argv[2::2], sys.argv[3::2])
]
supervisor = Supervisor(specs, folder / "logs", lambda line: print(line, flush=True), restart_delays=(0.05,))
def write_pids():
    target = folder / "pids.new"
    target.write_text("\\n".join(f"{name} {pid}" for name, pid in supervisor.pids().items()))
    target.rename(folder / "pids")
supervisor.run(write_pids)
print("stopped", flush=True)
"""
POLITE = "import time\nprint('hello')\nwhile True: time.sleep(0.05)"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + POLITE
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', {POLITE!r}], start_new_session=True)
print('grandchild', child.pid)
while True: time.sleep(0.05)
"""


class Supervised:
    """A supervisor in a process of its own, so that it can be signalled and killed."""

    def __init__(self, folder: Path, **sources: str) -> None:
        self.folder = folder
        arguments = [part for pair in sources.items() for part in pair]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISED, str(folder), *arguments], stdout=subprocess.PIPE, text=True
        )
        wait_for(lambda: len(self.pids()) == len(sources) and all(self.log(name) for name in sources))

    def pids(self) -> dict[str, int]:
        path = self.folder / "pids"
        rows = path.read_text().splitlines() if path.exists() else []
        return {name: int(pid) for name, pid in (row.split() for row in rows)}

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def stop(self, number: signal.Signals) -> tuple[str, float]:
        started = time.monotonic()
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=15)
        return output, time.monotonic() - started


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    running: list[Supervised] = []

    def start(**sources: str) -> Supervised:
        running.append(Supervised(tmp_path, **sources))
        return running[-1]

    yield start
    for supervised in running:
        if supervised.process.poll() is None:
            supervised.stop(signal.SIGTERM)
        assert supervised.process.stdout is not None
        supervised.process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_child(supervise: Callable[..., Supervised], number: signal.Signals) -> None:
    supervised = supervise(api=POLITE, last=POLITE)
    pids = supervised.pids().values()
    output, seconds = supervised.stop(number)
    assert output.endswith("stopped\n")
    assert seconds < 3
    assert all(is_gone(pid) for pid in pids)


def test_children_that_ignore_the_signal_are_gone_within_ten_seconds(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise(api=STUBBORN, last=STUBBORN)
    pids = supervised.pids().values()
    _, seconds = supervised.stop(signal.SIGINT)
    assert seconds < 10
    assert all(is_gone(pid) for pid in pids)


def test_a_killed_child_is_started_again_and_the_console_says_so(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise(api=POLITE, runs=POLITE)
    before = supervised.pids()
    os.kill(before["api"], signal.SIGKILL)
    wait_for(lambda: supervised.pids().get("api", before["api"]) != before["api"])
    assert supervised.pids()["runs"] == before["runs"]
    output, _ = supervised.stop(signal.SIGTERM)
    assert "[api] stopped (killed by SIGKILL); starting it again in 0.05 s." in output


def test_what_a_dead_child_had_started_ends_with_it(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise(runs=PARENT)
    wait_for(lambda: "grandchild" in supervised.log("runs"))
    grandchild = int(supervised.log("runs").split()[1])
    os.kill(supervised.pids()["runs"], signal.SIGKILL)
    wait_for(lambda: is_gone(grandchild))


def test_a_child_in_a_session_of_its_own_does_not_outlive_the_stop(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise(runs=PARENT)
    wait_for(lambda: "grandchild" in supervised.log("runs"))
    grandchild = int(supervised.log("runs").split()[1])
    supervised.stop(signal.SIGTERM)
    assert is_gone(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent died")
def test_killing_the_supervisor_ends_its_children(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise(api=POLITE, last=POLITE)
    pids = supervised.pids().values()
    supervised.stop(signal.SIGKILL)
    wait_for(lambda: all(is_gone(pid) for pid in pids))


def test_error_lines_reach_the_console_and_others_only_the_log(supervise: Callable[..., Supervised]) -> None:
    supervised = supervise(api="import time\nprint('quiet')\nprint('ERROR: loud')\nwhile True: time.sleep(0.05)")
    wait_for(lambda: "loud" in supervised.log("api"))
    output, _ = supervised.stop(signal.SIGTERM)
    assert "[api] ERROR: loud" in output
    assert "quiet" not in output
    assert "quiet" in supervised.log("api")

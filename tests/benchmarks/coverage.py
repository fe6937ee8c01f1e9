"""Which networks can be pruned, and whether exactly: `python -m tests.benchmarks.coverage --results FILE`.

All networks of `networks.py`, each with this project and with Torch-Pruning. Every trial (`coverage_trial.py`) is a
process of its own, with one thread, a time limit and a memory limit, so that a crash ends one trial only. Results are
JSON lines; trials that are in the file are not repeated. The environment: `requirements.txt` beside this file.
"""

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.coverage_trial import PRUNERS, attempt
from tests.benchmarks.networks import SUBJECTS

SECONDS = 600
BYTES = 14 * 2**30


@dataclass(frozen=True)
class Limits:
    """What one trial may use."""

    seconds: int
    """CPU seconds."""
    bytes: int
    """Address space."""

    def apply(self) -> None:
        """Called in the child before it starts."""
        resource.setrlimit(resource.RLIMIT_CPU, (self.seconds, self.seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (self.bytes, self.bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_trial(network: str, pruner: str, limits: Limits) -> dict[str, Any]:
    """One trial in a process of its own; how it ended if it could not say so itself."""
    start, before = time.monotonic(), _child_seconds()
    with tempfile.TemporaryDirectory() as folder:
        answer, errors = Path(folder, "answer"), Path(folder, "errors")
        child = multiprocessing.get_context("fork").Process(
            target=_trial, args=(network, pruner, limits, (answer, errors))
        )
        child.start()
        child.join(4 * limits.seconds)
        if child.is_alive():
            child.kill()
            child.join()
        trace = errors.read_text() if errors.exists() else ""
        if not answer.exists() and _child_seconds() - before >= limits.seconds:
            return _dead(network, pruner, f"no answer within {limits.seconds} CPU seconds")
        if not answer.exists():
            how = f"signal {-child.exitcode}" if (child.exitcode or 0) < 0 else f"exit code {child.exitcode}"
            return _dead(network, pruner, f"Crash: {how}; {trace.strip()[-300:]}")
        outcome: dict[str, Any] = json.loads(answer.read_text())
    outcome["wall"] = round(time.monotonic() - start, 1)
    outcome["trace"] = "" if outcome["stage"] == "done" else trace.strip()[-3000:]
    return outcome


def _child_seconds() -> float:
    """CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _trial(network: str, pruner: str, limits: Limits, files: tuple[Path, Path]) -> None:
    """Runs in the child: writes the outcome to the first file and all messages to the second."""
    limits.apply()
    answer, errors = files
    with errors.open("w") as messages:
        os.dup2(messages.fileno(), sys.stderr.fileno())
        os.dup2(messages.fileno(), sys.stdout.fileno())
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        outcome = attempt(SUBJECTS[network], pruner)
    answer.write_text(json.dumps(asdict(outcome)))


def _dead(network: str, pruner: str, reason: str) -> dict[str, Any]:
    return {"network": network, "pruner": pruner, "stage": "process", "reason": reason, "trace": ""}


def commit() -> str:
    """Short name of the commit that is measured; empty outside a checkout."""
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def read(results: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The last outcome of every trial in the file."""
    if not results.exists():
        return {}
    outcomes = [json.loads(line) for line in results.read_text().splitlines() if line]
    return {(outcome["network"], outcome["pruner"]): outcome for outcome in outcomes}


def due(results: Path, pruners: list[str], wanted: list[str], *, again: bool) -> Iterator[tuple[str, str]]:
    """Trials to run: those not in the file, and with `again` those that failed."""
    done = read(results)
    for network in SUBJECTS:
        if wanted and not any(part in network for part in wanted):
            continue
        for pruner in pruners:
            outcome = done.get((network, pruner))
            if outcome is None or (again and outcome["stage"] != "done"):
                yield network, pruner


def main() -> None:
    """Run what is due, appending to the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--networks", nargs="*", default=[], help="parts of names; all when empty")
    parser.add_argument("--pruners", nargs="*", choices=PRUNERS, default=list(PRUNERS))
    parser.add_argument("--again", action="store_true", help="repeat trials that failed")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    options = parser.parse_args()
    limits, measured = Limits(options.seconds, BYTES), commit()
    for network, pruner in list(due(options.results, options.pruners, options.networks, again=options.again)):
        outcome = run_trial(network, pruner, limits) | {"commit": measured}
        with options.results.open("a") as file:
            file.write(json.dumps(outcome) + "\n")
        print(f"{network:45} {pruner:14} {outcome['stage']:9} {outcome['reason'][:150]}", flush=True)


if __name__ == "__main__":
    main()

"""What criteria and regularizers cost: `python -m tests.benchmarks.speed` prints all of them beside their goals.

A criterion's scoring pass may cost 1.30 forward-backward passes over the same data, a regularizer 1.25 of a training
step, the Fisher signal 1.10 of one.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import fisher_overhead, regularizer_cost, scoring_cost
from tests.benchmarks.turns import PLAIN, SHAPES, Cost, Options, Work, costs_of, pairs_of, table
from worker.engine.device import keep_freed_memory, make_deterministic, resolve_device

PARTS: dict[str, tuple[float, Callable[[str, Options], dict[str, Work]]]] = {
    "signal": (fisher_overhead.GOAL, fisher_overhead.works),
    "scoring": (scoring_cost.GOAL, scoring_cost.works),
    "regularizers": (regularizer_cost.GOAL, regularizer_cost.works),
}


def main() -> None:
    """Measure and print, with the load of the machine before and after; `--output` keeps the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--networks", nargs="+", default=["lenet300", "lenet5", "resnet20"], choices=list(SHAPES))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--mini-batches", type=int, default=1, help="of one scoring pass")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="measure only kinds of work whose label contains this")
    parser.add_argument("--output", type=Path)
    chosen = parser.parse_args()
    make_deterministic(chosen.threads)
    keep_freed_memory()
    options = Options(resolve_device(chosen.device), chosen.batch_size, chosen.mini_batches)
    before = os.getloadavg()[0]
    costs: list[Cost] = []
    for part in chosen.parts:
        goal, works_of = PARTS[part]
        for name in chosen.networks:
            works = works_of(name, options)
            some = {label: work for label, work in works.items() if label == PLAIN or chosen.only in label}
            costs += costs_of(part, name, goal, pairs_of(some, chosen.rounds, options.device))
    machine = platform.processor() or platform.machine()
    load = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    print(f"{machine}, {chosen.threads} threads, {options.device}, batch {chosen.batch_size}, {load}\n")
    print(table(costs))
    if chosen.output:
        chosen.output.write_text(json.dumps([asdict(cost) for cost in costs], indent=2))


if __name__ == "__main__":
    main()

"""Whether a latency cost gives faster networks: `python -m tests.benchmarks.latency_cost`.

For each seed one dense network is trained. The Fisher criterion prunes it without a cost, per saved operation and per
saved time (which the run measures), random and uniform choices stand beside it, all to the same operations at every
point and retrained alike. Then all networks, physically thin, are called in turn in this process, with one thread:
the last tables ask for the accuracy at the same measured speedup. What is trained stays in the cache:
the same command with `--rounds 0` trains alone, and times nothing.
"""

import argparse
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from backend.domain.allocations import UniformAllocation
from backend.domain.costs import Cost, NoCost, ParameterFreeCost
from backend.domain.criteria import Criterion, FisherCriterion, MagnitudeCriterion, RandomCriterion
from backend.domain.latencies import Latency
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from backend.domain.retraining import Retrain, SgdOptimizer
from backend.domain.sampling import SampleArchitecture, SampleOrder
from backend.domain.schedules import CubicSchedule
from backend.domain.targets import MacTarget
from tests.benchmarks.latency_tables import Thin, levels_table, points_table, shares_table, time_all
from tests.benchmarks.separable import separable
from worker.delivery.host import load_average, processor_name
from worker.engine.device import make_deterministic
from worker.engine.examples import Dataset
from worker.engine.network import Network, NetworkFiles, dump, load
from worker.engine.results import FinishedPoint
from worker.engine.run import run
from worker.engine.sampling import HABITS, train_sample
from worker.local import read_dataset
from worker.zoo.fresh import initialize

CPU = torch.device("cpu")
OWN = "separable"
"""A network that no architecture of the zoo is like."""
LIKE: SampleArchitecture = "vgg_small_bn"
"""Whose learning rate it is trained with."""
METHODS: dict[str, tuple[Criterion, Cost]] = {
    "Fisher, no cost": (FisherCriterion(), NoCost()),
    "Fisher per operation": (FisherCriterion(), ParameterFreeCost()),
    "Fisher per time": (FisherCriterion(), ParameterFreeCost(counted="latency")),
    "Uniform": (MagnitudeCriterion(), NoCost()),
    "Random": (RandomCriterion(), NoCost()),
}


class Trainings:
    """Dense and thin networks, from the cache where they are known."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._cache: Path = options.cache
        data = read_dataset(options.data)
        some = slice(0, options.examples or len(data.train))
        self._data: Dataset = replace(data, train=data.train.at(some))

    def of(self, method: str, seed: int) -> list[Thin]:
        """The dense network (the first) and those of all operating points."""
        dense, recipe = self._dense(seed), self._recipe(method, seed)
        weights = hashlib.sha256(dump(dense).weights).hexdigest()[:12]
        found = self._kept(f"{recipe.fingerprint()[:16]}-{weights}", lambda: self._run(dense, recipe))
        return [Thin(method, seed, network, point) for network, point in found]

    def _dense(self, seed: int) -> Network:
        options = self._options
        habit = options.network if options.network in HABITS else LIKE
        order = SampleOrder(architecture=habit, epochs=options.epochs, seed=seed)
        key = f"{options.network} {order.model_dump_json()} {self._data.content_hash} {len(self._data.train)}"

        def train() -> list[FinishedPoint]:
            shape, classes = self._data.only_shape, self._data.class_count
            is_zoo = options.network in HABITS
            fresh = initialize(options.network, shape, classes, seed) if is_zoo else separable(shape, classes, seed)
            outputs = train_sample(fresh, self._data, order, CPU, should_stop=lambda: False)
            return [output for output in outputs if isinstance(output, FinishedPoint)][-1:]

        ((network, _),) = self._kept(f"dense-{hashlib.sha256(key.encode()).hexdigest()[:16]}", train)
        return network

    def _recipe(self, method: str, seed: int) -> Recipe:
        options, (criterion, cost) = self._options, METHODS[method]
        counts_time = isinstance(cost, ParameterFreeCost) and cost.counted == "latency"
        prune = Prune(
            criterion=criterion,
            cost=cost,
            schedule=CubicSchedule(training_steps=10, removals=options.removals),
            points=options.points,
        )
        if method == "Uniform":
            prune = prune.model_copy(update={"allocation": UniformAllocation()})
        return Recipe(
            target=MacTarget(density=options.density),
            prune=prune,
            retrain=Retrain(epochs=options.retrain_epochs, optimizer=SgdOptimizer(learning_rate=0.02)),
            latency=Latency(batch_size=options.batch) if counts_time else None,
            seed=seed,
        )

    def _run(self, dense: Network, recipe: Recipe) -> list[FinishedPoint]:
        began = time.process_time()
        outputs = run(dense, self._data, recipe, CPU, should_stop=lambda: False)
        points = [output for output in outputs if isinstance(output, FinishedPoint)]
        widths = " ".join(str(finished.point.widths) for finished in points[1:])
        print(f"{recipe.prune.criterion.kind}, seed {recipe.seed}: {widths}, {time.process_time() - began:.0f} s")
        return points

    def _kept(self, name: str, make: Callable[[], list[FinishedPoint]]) -> list[tuple[Network, OperatingPoint]]:
        """What `make` gives, made once: a folder is complete when it holds the file `done`."""
        folder = self._cache / name
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for finished in make():
                files, stem = dump(finished.network), folder / f"{finished.point.index:03}"
                stem.with_suffix(".graph").write_text(files.graph)
                stem.with_suffix(".weights").write_bytes(files.weights)
                stem.with_suffix(".json").write_text(finished.point.model_dump_json())
            (folder / "done").touch()
        return [
            (
                load(NetworkFiles(file.with_suffix(".graph").read_text(), file.with_suffix(".weights").read_bytes())),
                OperatingPoint.model_validate_json(file.read_text()),
            )
            for file in sorted(folder.glob("*.json"))
        ]


def main() -> None:
    """Train what has not been trained, time everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/secateur-benchmarks/latency").expanduser())
    parser.add_argument("--network", default="lenet5", choices=[*HABITS, OWN])
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--examples", type=int, default=8000, help="Training examples, the first ones; 0: all.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=8, help="Training of the dense network.")
    parser.add_argument("--retrain-epochs", type=int, default=2, help="At each operating point.")
    parser.add_argument("--density", type=float, default=0.125, help="MACs left at the last operating point.")
    parser.add_argument("--points", type=int, default=3)
    parser.add_argument("--removals", type=int, default=5, help="On the way to each operating point.")
    parser.add_argument("--batch", type=int, default=64, help="What the run times layers with, and the larger of two.")
    parser.add_argument("--rounds", type=int, default=40, help="Of timing; 0: train alone.")
    parser.add_argument("--levels", type=float, nargs="+", default=[1.5, 2, 3], help="Speedups to ask accuracies of.")
    options = parser.parse_args()
    make_deterministic(1)
    trainings = Trainings(options)
    runs = {seed: [trainings.of(method, seed) for method in METHODS] for seed in options.seeds}
    if not options.rounds:
        return
    batches = (1, options.batch)
    print(
        f"{processor_name()}, {os.cpu_count()} processors, load {load_average()}; torch {torch.__version__}; {options}"
    )
    timed = []
    for of_seed in runs.values():
        dense, thin = of_seed[0][0], [point for points in of_seed for point in points[1:]]
        timed += time_all([dense, *thin], batches, options.rounds)
    dense = runs[options.seeds[0]][0][0]
    print(f"\n{shares_table(dense.network, batches)}\n\n{points_table(timed, batches)}")
    for batch in batches:
        print(f"\nBatch {batch}:\n\n{levels_table(timed, options.levels, batch)}")
    print(f"load at the end: {load_average()}")


if __name__ == "__main__":
    main()

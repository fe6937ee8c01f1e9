"""Accuracy against compute on Fashion-MNIST, several methods and seeds: `python -m tests.benchmarks.accuracy`.

For each seed one dense LeNet-5-Caffe is trained; all methods prune that same network and retrain alike. Results are
cached by recipe and network and runs resume from their last checkpoint, so that the benchmark can be stopped and
started again at any time. `--tune` compares values of beta on the validation split alone.
"""

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from backend.domain.costs import Cost, FixedCost, NoCost, ParameterFreeCost
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from backend.domain.reports import OperatingPoint
from backend.domain.sampling import SampleOrder
from backend.domain.targets import MacTarget
from worker.data import from_neutral, load_builtin, to_neutral
from worker.engine.checkpoint import Checkpoint
from worker.engine.device import make_deterministic, resolve_device
from worker.engine.examples import Dataset
from worker.engine.network import Network, NetworkFiles, dump, load
from worker.engine.results import FinishedPoint
from worker.engine.run import Output, run
from worker.engine.sampling import train_sample
from worker.zoo.fresh import initialize

METHODS: dict[str, tuple[str, Cost | None]] = {
    "Fisher with cost": ("theis2018-fisher", None),
    "Fisher, beta = 0": ("theis2018-fisher", NoCost()),
    "Fisher, beta*": ("theis2018-fisher", ParameterFreeCost()),
    "Magnitude": ("magnitude-channel", None),
    "Random": ("random-channel", None),
    "Uniform": ("uniform", None),
}
"""Preset and cost (None: the preset's own) by the name in the table."""
CHECKPOINT_EVERY = 25
INPUT_SHAPE = (1, 28, 28)


@dataclass(frozen=True)
class Bench:
    """Where the benchmark keeps its files, and how long it trains."""

    cache: Path
    dataset: Dataset
    device: torch.device
    epochs: int
    retrain_epochs: int
    density: float
    points: int

    def dense(self, seed: int) -> Network:
        """The dense network of a seed, trained once."""
        order = SampleOrder(architecture="lenet5", epochs=self.epochs, seed=seed)
        files = self.cache / f"dense-{_digest(order.model_dump_json())}"
        graph, weights = files.with_suffix(".json"), files.with_suffix(".safetensors")
        if not weights.exists():
            fresh = initialize("lenet5", INPUT_SHAPE, self.dataset.class_count, seed)
            outputs = train_sample(fresh, self.dataset, order, self.device, should_stop=_never)
            finished = [output for output in outputs if isinstance(output, FinishedPoint)][-1]
            trained = dump(finished.network)
            graph.write_text(trained.graph)
            weights.write_bytes(trained.weights)
            _say(f"dense network, seed {seed}: test accuracy {finished.point.test_accuracy:.4f}")
        return load(NetworkFiles(graph.read_text(), weights.read_bytes()))

    def recipe(self, preset: str, cost: Cost | None, seed: int) -> Recipe:
        """A preset with this benchmark's target and retraining."""
        base = PRESETS[preset].recipe
        prune = base.prune.model_copy(update={"points": self.points} | ({} if cost is None else {"cost": cost}))
        retrain = base.retrain.model_copy(update={"epochs": self.retrain_epochs})
        changes = {"target": MacTarget(density=self.density), "prune": prune, "retrain": retrain, "seed": seed}
        return base.model_copy(update=changes)

    def points_of(self, name: str, recipe: Recipe) -> list[OperatingPoint]:
        """The run's operating points, from the cache when it is done."""
        network = self.dense(recipe.seed)
        files = self.cache / f"run-{_digest(recipe.fingerprint() + dump(network).graph, dump(network).weights)}"
        done = files.with_suffix(".json")
        if not done.exists():
            start = time.perf_counter()
            points = {point.index: point for point in self._run(network, recipe, files)}
            done.write_text(json.dumps([point.model_dump() for _, point in sorted(points.items())]))
            files.with_suffix(".checkpoint").unlink(missing_ok=True)
            last = points[max(points)]
            _say(
                f"{name}, seed {recipe.seed}: {last.macs:,} MACs, widths {last.widths}, validation "
                f"{last.retrained_accuracy:.4f}, test {last.test_accuracy:.4f}, {time.perf_counter() - start:.0f} s"
            )
        return [OperatingPoint.model_validate(point) for point in json.loads(done.read_text())]

    def _run(self, network: Network, recipe: Recipe, files: Path) -> Iterator[OperatingPoint]:
        saved, partial = files.with_suffix(".checkpoint"), files.with_suffix(".points")
        resume = Checkpoint.from_bytes(saved.read_bytes()) if saved.exists() else None
        earlier = json.loads(partial.read_text()) if resume is not None and partial.exists() else []
        yield from (OperatingPoint.model_validate(point) for point in earlier)
        outputs = run(network, self.dataset, recipe, self.device, should_stop=_never, resume=resume)
        for point in _saving(outputs, saved):
            earlier.append(point.model_dump())
            partial.write_text(json.dumps(earlier))
            yield point
        partial.unlink()


def _saving(outputs: Iterator[Output], saved: Path) -> Iterator[OperatingPoint]:
    """Hand out points; keep a checkpoint now and then, and always the one before a point."""
    last: Checkpoint | None = None
    for output in outputs:
        if isinstance(output, Checkpoint):
            last = output
        is_point = isinstance(output, FinishedPoint)
        if last is not None and (is_point or last.step % CHECKPOINT_EVERY == 0):
            scratch = saved.with_suffix(".new")
            scratch.write_bytes(last.to_bytes())
            scratch.replace(saved)
            last = None
        if isinstance(output, FinishedPoint):
            yield output.point


def compare(bench: Bench, methods: Sequence[str], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Run every method with every seed."""
    results = []
    for seed in seeds:
        for name in methods:
            points = bench.points_of(name, bench.recipe(*METHODS[name], seed))
            results.append({"method": name, "seed": seed, "points": [point.model_dump() for point in points]})
    return results


def tune(bench: Bench, betas: Sequence[float], seed: int) -> str:
    """Compare values of beta on validation data: the table never shows a test accuracy."""
    rows = ["| beta | MACs | widths | validation, pruned | validation, retrained |", "|---:|---:|---|---:|---:|"]
    for beta in betas:
        points = bench.points_of(f"beta {beta:g}", bench.recipe("theis2018-fisher", FixedCost(beta=beta), seed))
        last, dense = points[-1], points[0]
        rows.append(
            f"| {beta:g} | {last.macs / dense.macs:.1%} | {', '.join(map(str, last.widths))} "
            f"| {last.pruned_accuracy:.2%} | {last.retrained_accuracy:.2%} |"
        )
    return "\n".join(rows)


def table(results: Sequence[dict[str, Any]]) -> str:
    """Test accuracy at every level as markdown: mean and, in brackets, lowest to highest over the seeds.

    The last columns are of the last level: validation accuracy straight after pruning, and parameters left.
    """
    methods = list(dict.fromkeys(result["method"] for result in results))
    levels = range(1, len(results[0]["points"]))
    dense = [result["points"][0] for result in results if result["method"] == methods[0]]
    heads = [f"<= {results[0]['points'][0]['macs'] and _level(results, level):.0%} MACs" for level in levels]
    lines = [f"Dense: {_spread([point['test_accuracy'] for point in dense])}, {dense[0]['macs']:,} MACs.", ""]
    heads += ["straight after pruning", "parameters left"]
    lines += [f"| method | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for method in methods:
        runs = [result["points"] for result in results if result["method"] == method]
        cells = [_spread([points[level]["test_accuracy"] for points in runs]) for level in levels]
        cells.append(_spread([points[-1]["pruned_accuracy"] for points in runs]))
        cells.append(f"{statistics.mean(points[-1]['parameters'] / points[0]['parameters'] for points in runs):.1%}")
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _level(results: Sequence[dict[str, Any]], level: int) -> float:
    return max(float(result["points"][level]["macs"] / result["points"][0]["macs"]) for result in results)


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.2%} ({min(values):.2%} to {max(values):.2%})"


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:16]


def _never() -> bool:
    return False


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def main() -> None:
    """Run the comparison or the tuning and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/secateur-benchmarks").expanduser())
    parser.add_argument("--datasets", type=Path, nargs="*", default=[Path("/usr/share/datasets")])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--epochs", type=int, default=15, help="Training of the dense network.")
    parser.add_argument("--retrain-epochs", type=int, default=20)
    parser.add_argument("--density", type=float, default=0.2)
    parser.add_argument("--points", type=int, default=1)
    parser.add_argument("--tune", type=float, nargs="+", metavar="BETA")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, help="Write the numbers as JSON.")
    options = parser.parse_args()
    make_deterministic(options.threads)
    options.cache.mkdir(parents=True, exist_ok=True)
    images = load_builtin("fashion-mnist", options.datasets, options.cache)
    bench = Bench(
        cache=options.cache,
        dataset=from_neutral(to_neutral(images).tensors),
        device=resolve_device(options.device),
        epochs=options.epochs,
        retrain_epochs=options.retrain_epochs,
        density=options.density,
        points=options.points,
    )
    if options.tune:
        _say(tune(bench, options.tune, options.seeds[0]))
        return
    results = compare(bench, options.methods, options.seeds)
    if options.output:
        options.output.write_text(json.dumps(results, indent=1))
    _say(table(results))


if __name__ == "__main__":
    main()

"""Network slimming of a ResNet-20 on digits, in one pass and in two: `python -m tests.benchmarks.slimming`.

For each seed one dense network is trained; all rows prune that same network to the same share of channels.
"""

import argparse
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from worker.data import from_neutral, load_builtin, to_neutral
from worker.engine.device import make_deterministic
from worker.engine.examples import Dataset
from worker.engine.network import Network
from worker.engine.results import FinishedPoint
from worker.engine.run import run
from worker.zoo.fresh import initialize

_CPU = torch.device("cpu")
_STRENGTH = 1e-2
"""The paper's 1e-4 times about as much as its 125,000 steps are more than ours."""


def main() -> None:
    """Run all rows and print them."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    make_deterministic()
    dataset = from_neutral(to_neutral(load_builtin("digits", (), arguments.cache)).tensors)
    rows: dict[str, list[FinishedPoint]] = {}
    for seed in arguments.seeds:
        network = initialize("resnet20", (1, 8, 8), 10, seed)
        for name, recipe in _recipes(arguments, seed):
            last = _last_point(network, dataset, recipe)
            rows.setdefault(name, []).append(last)
            network = last.network if name == "dense" else network
            print(seed, name, last.point.model_dump_json(include=_TOLD), flush=True)
    for name, points in rows.items():
        accuracies = [100 * finished.point.test_accuracy for finished in points]
        macs = statistics.mean(finished.point.macs for finished in points)
        parameters = statistics.mean(finished.point.parameters for finished in points)
        spread = f"{min(accuracies):.1f} to {max(accuracies):.1f}"
        print(f"| {name} | {macs:,.0f} | {parameters:,.0f} | {statistics.mean(accuracies):.1f} ({spread}) |")


_TOLD = {"pruned_accuracy", "test_accuracy", "macs", "parameters"}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=20, help="of the penalty; half of them in each of two passes")
    parser.add_argument("--dense-epochs", type=int, default=10)
    parser.add_argument("--retrain-epochs", type=int, default=10)
    parser.add_argument("--sparsity", type=float, default=0.7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/secateur-benchmarks/slimming").expanduser())
    return parser.parse_args()


def _recipes(arguments: argparse.Namespace, seed: int) -> Iterator[tuple[str, Recipe]]:
    epochs, retrain = arguments.epochs, arguments.retrain_epochs
    yield "dense", _recipe("uniform", seed, arguments, {"dense": {"epochs": arguments.dense_epochs}})
    for passes, share in (("once", 1), ("each_point", 2)):
        sparsify = {"epochs": epochs // share, "passes": passes, "regularizer": {"strength": _STRENGTH}}
        changes = {"sparsify": sparsify, "prune": {"points": share}, "retrain": {"epochs": retrain // share}}
        yield (
            f"slimming, {share} pass{'es' if share > 1 else ''}",
            _recipe("liu2017-slimming", seed, arguments, changes),
        )
    trained = {"epochs": retrain + epochs}
    yield "`uniform`, as many epochs", _recipe("uniform", seed, arguments, {"retrain": trained, "distill": None})


def _recipe(preset: str, seed: int, arguments: argparse.Namespace, changes: dict[str, Any]) -> Recipe:
    value = PRESETS[preset].recipe.model_dump(mode="json")
    shared: dict[str, Any] = {
        "seed": seed,
        "data": {"batch_size": 64},
        "target": {"kind": "sparsity", "sparsity": arguments.sparsity},
        "prune": {"schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1},
        "retrain": {"optimizer": {"learning_rate": 0.05, "weight_decay": 1e-4}, "learning_rate_decay": "cosine"},
    }
    if "dense" in changes:
        shared |= {"target": {"kind": "sparsity", "sparsity": 0.01}, "retrain": {"epochs": 0}, "distill": None}
        changes = {"dense": {"optimizer": {"kind": "sgd", "learning_rate": 0.05}} | changes["dense"]}
    if "sparsify" in changes:
        changes["sparsify"]["optimizer"] = {"learning_rate": 0.05}
    return Recipe.model_validate(_merged(_merged(value, shared), changes))


def _merged(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return value | {
        key: _merged(value[key], change)
        if isinstance(change, dict) and isinstance(value.get(key), dict) and "kind" not in change
        else change
        for key, change in changes.items()
    }


def _last_point(network: Network, dataset: Dataset, recipe: Recipe) -> FinishedPoint:
    """The last operating point; where the recipe trains the dense network, that one."""
    outputs = run(network, dataset, recipe, _CPU, should_stop=lambda: False)
    points = (output for output in outputs if isinstance(output, FinishedPoint))
    if recipe.dense is not None:
        return next(points)
    *_, last = points
    return last


if __name__ == "__main__":
    main()

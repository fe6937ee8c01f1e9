"""Groups, L2 scores and removal of half the channels, beside Torch-Pruning.

`python -m tests.benchmarks.grouping_speed --networks torchvision/resnet50`. Both in one process with one thread, in
turn, in CPU seconds. Ours begins with the imported network and ends with the thinner network and its tensors; theirs
begins with the module and ends with the thinner module (tracing, dependency graph, groups, scores, removal). What
building our module anew costs on top is a column of its own. The environment: `requirements.txt` beside this file.
Goals: faster on every network that Torch-Pruning can do, median ratio at least 2, ResNet-50 at most 0.25 s, Swin-T at
most 2 s.
"""

import argparse
import copy
import gc
import json
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from backend.domain.criteria import MagnitudeCriterion
from tests.benchmarks import rivals
from tests.benchmarks.coverage import read
from tests.benchmarks.networks import SUBJECTS, Subject
from worker.engine.catalogue import CRITERIA
from worker.engine.coupling import ChannelGroup, find_groups
from worker.engine.criteria.criterion import Evidence
from worker.engine.network import Network, build, capture
from worker.engine.surgery import remove

SHARE = 0.5
WARM_UP = 1
FAILED = "fails"
MEMORY = 8 * 2**30
"""Address space: Torch-Pruning's graph of a Swin takes all that there is."""


@dataclass(frozen=True)
class Speed:
    """CPU seconds of one network, medians over the rounds."""

    network: str
    nodes: int
    ours: float
    build: float
    """What making a module of our thinner network takes on top."""
    theirs: float | None
    """None where Torch-Pruning fails."""
    ratio: float | None
    """Theirs over ours: median of the rounds' ratios."""
    lower_quartile: float | None = None
    upper_quartile: float | None = None


def half(network: Network) -> Network:
    """The network without the half of every group's channels that has the smallest L2 norms."""
    groups = find_groups(network)
    evidence = Evidence(groups, network.tensors, {}, torch.Generator())
    scores = CRITERIA.make(MagnitudeCriterion(norm=2)).score(evidence)
    return remove(network, {group.name: _best(scores[group.name], group) for group in groups})


def _best(scores: Tensor, group: ChannelGroup) -> Tensor:
    wanted = max(1, round(group.width * SHARE))
    wanted = min(-(-wanted // group.multiple) * group.multiple, group.width)
    keep = torch.zeros(group.width, dtype=torch.bool)
    keep[scores.topk(wanted).indices] = True
    return keep


def measure(name: str, rounds: int) -> Speed:
    """Alternate both on one network."""
    subject = SUBJECTS[name]
    dense = subject.build().float()
    inputs = subject.inputs(1).float()
    network = capture(dense, (inputs,), subject.name)
    with torch.no_grad():
        classes = dense(inputs).shape[1]
    can_rival = _can_rival(dense, inputs, classes)
    times: Mapping[str, list[float]] = {"ours": [], "build": [], "theirs": []}
    for index in range(rounds + WARM_UP):
        works = {"ours": lambda: _ours(network, times)}
        if can_rival:
            works["theirs"] = lambda: _theirs(dense, inputs, classes, times)
        for key in sorted(works, reverse=bool(index % 2)):
            works[key]()
    return _summary(subject, network, {key: values[WARM_UP:] for key, values in times.items()})


def _can_rival(dense: nn.Module, inputs: Tensor, classes: int) -> bool:
    try:
        rivals.pruned_copy(dense, inputs, classes)
    except Exception as error:
        print(f"Torch-Pruning: {type(error).__name__}: {error}"[:200])
        return False
    return True


def _ours(network: Network, times: Mapping[str, list[float]]) -> None:
    """On a value of its own, which remembers no shapes and no groups of an earlier round."""
    fresh = Network(network.graph, network.tensors)
    thin: list[Network] = []
    times["ours"].append(_timed(lambda: thin.append(half(fresh))))
    times["build"].append(_timed(lambda: build(thin[0])))


def _theirs(dense: nn.Module, inputs: Tensor, classes: int, times: Mapping[str, list[float]]) -> None:
    module = copy.deepcopy(dense)
    times["theirs"].append(_timed(lambda: rivals.prune(module, inputs, classes)))


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _summary(subject: Subject, network: Network, times: Mapping[str, list[float]]) -> Speed:
    name, nodes = f"{subject.library}/{subject.name}", len(network.graph.nodes)
    ours, built = (statistics.median(times[key]) for key in ("ours", "build"))
    if not times["theirs"]:
        return Speed(name, nodes, ours, built, None, None)
    ratios = [their / our for their, our in zip(times["theirs"], times["ours"], strict=True)]
    lower, median, upper = statistics.quantiles(ratios, n=4)
    return Speed(name, nodes, ours, built, statistics.median(times["theirs"]), median, lower, upper)


def table(results: list[Speed]) -> str:
    """Format as markdown."""
    head = "| network | nodes | Secateur, s | + module, s | Torch-Pruning, s | ratio (median) | quartiles |"
    rows = [
        f"| {item.network} | {item.nodes} | {item.ours:.3f} | {item.build:.3f} "
        + (
            f"| {item.theirs:.3f} | {item.ratio:.2f} | {item.lower_quartile:.2f} to {item.upper_quartile:.2f} |"
            if item.theirs is not None
            else f"| {FAILED} | | |"
        )
        for item in results
    ]
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|", *rows])


def chosen(names: list[str], coverage: Path | None) -> list[str]:
    """Networks to measure: those named, else those of a coverage result that this project passes."""
    if names or coverage is None:
        return names
    outcomes = read(coverage)
    return [name for name in SUBJECTS if outcomes.get((name, "secateur"), {}).get("stage") == "done"]


def main() -> None:
    """Measure and print; `--output` keeps the numbers as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=list(SUBJECTS), default=[])
    parser.add_argument("--coverage", type=Path, help="results of coverage.py: measure all that passed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    results = []
    for name in chosen(options.networks, options.coverage):
        results.append(measure(name, options.rounds))
        print(table(results[-1:]).splitlines()[-1], flush=True)
        if options.output:
            with options.output.open("a") as file:
                file.write(json.dumps(asdict(results[-1])) + "\n")
    ratios = [result.ratio for result in results if result.ratio is not None]
    if ratios:
        slower = sum(ratio < 1 for ratio in ratios)
        print(
            f"\n{table(results)}\n\nmedian ratio {statistics.median(ratios):.2f}; slower on {slower} of {len(ratios)}"
        )


if __name__ == "__main__":
    main()

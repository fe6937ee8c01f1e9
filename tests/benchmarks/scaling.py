"""How the cost of grouping and removal grows with the network: `python -m tests.benchmarks.scaling`.

Chains of convolution, batch norm and ReLU, 10 to 1,000 layers long, and DenseNets of growing depth (Huang et al. 2017,
bottleneck layers of growth 4, four blocks). CPU seconds with one thread, least of the rounds, per node of the graph.
A chain's time per node must stay flat; a DenseNet's nodes read more channels the deeper it is, so its time is also
given per edge (node and value that it reads).
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from backend.domain.criteria import MagnitudeCriterion
from worker.engine.catalogue import CRITERIA
from worker.engine.coupling import find_groups
from worker.engine.criteria.criterion import Evidence
from worker.engine.graph.schema import decode, references
from worker.engine.network import Network, capture
from worker.engine.surgery import remove

CHAINS = (10, 30, 100, 300, 1000)
DENSENETS = ((2, 2, 2, 2), (4, 4, 4, 4), (6, 12, 24, 16), (6, 12, 32, 32), (6, 12, 48, 32), (6, 12, 64, 48))
"""Layers by block; the last four are the published DenseNet-121, -169, -201 and -264."""
WIDTH = 16
GROWTH = 4
CLASSES = 10
SHAPE = (3, 16, 16)


class Chain(nn.Sequential):
    """As many layers in a row."""

    def __init__(self, layers: int) -> None:
        parts: list[nn.Module] = [nn.Conv2d(SHAPE[0], WIDTH, 1), nn.ReLU()]
        for _ in range(layers - 2):
            parts += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU()]
        super().__init__(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES))


class DenseLayer(nn.Module):
    """Bottleneck layer whose output is added to the channels that it read."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 4 * GROWTH, 1, bias=False),
            nn.BatchNorm2d(4 * GROWTH),
            nn.ReLU(),
            nn.Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False),
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [*features, self.layers(torch.cat(features, 1))]


class DenseNet(nn.Module):
    """Blocks of dense layers with transitions that halve the channels."""

    def __init__(self, blocks: tuple[int, ...]) -> None:
        super().__init__()
        channels = 2 * GROWTH
        self.stem = nn.Conv2d(SHAPE[0], channels, 3, padding=1)
        self.blocks, self.transitions = nn.ModuleList(), nn.ModuleList()
        for layers in blocks:
            self.blocks.append(nn.ModuleList(DenseLayer(channels + GROWTH * index) for index in range(layers)))
            channels += GROWTH * layers
            self.transitions.append(
                nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, 1))
            )
            channels //= 2
        self.head = nn.Linear(channels, CLASSES)

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.stem(pictures)
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            kept = [features]
            for layer in block:
                kept = layer(kept)
            features = transition(torch.cat(kept, 1))
        return self.head(features.mean((2, 3)))


@dataclass(frozen=True)
class Cost:
    """What one network costs."""

    network: str
    nodes: int
    edges: int
    grouping: float
    removal: float
    """Both in CPU seconds."""

    @property
    def total(self) -> float:
        """Grouping, scores and removal."""
        return self.grouping + self.removal


def measure(name: str, module: nn.Module, rounds: int) -> Cost:
    """Group, score and remove half, several times on networks that remember nothing from earlier rounds."""
    captured = capture(module.eval(), (torch.zeros(1, *SHAPE),), name)
    edges = sum(
        len(references(decode(value))) for node in captured.graph.nodes for value in (*node.args, *node.kwargs.values())
    )
    groupings, removals = [], []
    for _ in range(rounds):
        network = Network(captured.graph.model_copy(), dict(captured.tensors))
        groups, seconds = _timed(lambda network=network: find_groups(network))
        groupings.append(seconds)
        evidence = Evidence(groups, network.tensors, {}, torch.Generator())
        scores = CRITERIA.make(MagnitudeCriterion(norm=2)).score(evidence)
        keep = {name: values >= values.median() for name, values in scores.items()}
        removals.append(_timed(lambda network=network, keep=keep: remove(network, keep))[1])
    return Cost(name, len(captured.graph.nodes), edges, min(groupings), min(removals))


def _timed(work: Callable[[], object]) -> tuple[object, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def table(costs: list[Cost]) -> str:
    """Format as markdown."""
    rows = [
        f"| {cost.network} | {cost.nodes} | {cost.grouping:.3f} | {cost.removal:.3f} | "
        f"{1e6 * cost.total / cost.nodes:.0f} | {1e6 * cost.total / cost.edges:.0f} |"
        for cost in costs
    ]
    head = "| network | nodes | groups, s | removal, s | per node, µs | per edge, µs |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *rows])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--longest", type=int, default=CHAINS[-1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    costs = [measure(f"chain-{n}", Chain(n), options.rounds) for n in CHAINS if n <= options.longest]
    costs += [measure(f"densenet-{2 * sum(blocks) + 5}", DenseNet(blocks), options.rounds) for blocks in DENSENETS]
    print(table(costs))
    if options.output:
        options.output.write_text(json.dumps([asdict(cost) for cost in costs], indent=2))


if __name__ == "__main__":
    main()

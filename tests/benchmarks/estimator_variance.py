"""Bias and variance of gradient estimators for binary gates: `python -m tests.benchmarks.estimator_variance`.

One hidden layer of ten units, trained on `digits`; a gate on every unit; the loss of 200 training examples. All 1,024
settings of the gates are enumerated for the exact gradient by the gates' logits.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.benchmarks.estimator_figure import Estimate, write_estimates
from worker.data import from_neutral, load_builtin, to_neutral
from worker.engine.estimators.controls import RelaxedLoss, RelaxedLossAndNetwork, tune
from worker.engine.estimators.gates import Loss, draw_noise, exact_gradient, open_gates
from worker.engine.estimators.gradients import arm, concrete, reinforce, reinforce_term, with_control

UNITS = 10
EXAMPLES = 200
TUNING_STEPS, TUNING_DRAWS = 200, 50
TEMPERATURE = 2 / 3


def gated_loss(seed: int) -> Loss:
    """Train the network, and return the mean loss as a function of gates (S, K) on its hidden units."""
    data = from_neutral(to_neutral(load_builtin("digits", [], Path.cwd())).tensors)
    inputs = (data.train.inputs.tensors[0].flatten(1).double() / 16)[:1000]
    labels = data.train.labels[:1000]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        first, second = nn.Linear(inputs.size(1), UNITS).double(), nn.Linear(UNITS, data.class_count).double()
    optimizer = torch.optim.Adam([*first.parameters(), *second.parameters()], 0.01)
    for _ in range(300):
        optimizer.zero_grad()
        functional.cross_entropy(second(first(inputs).relu()), labels).backward()
        optimizer.step()
    hidden, targets = first(inputs[:EXAMPLES]).relu().detach(), labels[:EXAMPLES]
    weight, bias = second.weight.detach(), second.bias.detach()

    def loss(gates: Tensor) -> Tensor:
        scores = (gates.unsqueeze(-2) * hidden) @ weight.T + bias
        flat = functional.cross_entropy(
            scores.flatten(0, -2), targets.repeat(scores[..., 0, 0].numel()), reduction="none"
        )
        return flat.view(*gates.shape[:-1], EXAMPLES).mean(-1)

    return loss


def measure(draws: int, seed: int) -> list[Estimate]:
    """All estimators on the same network, at random logits."""
    loss = gated_loss(seed)
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(UNITS, generator=generator, dtype=torch.float64)
    exact = exact_gradient(loss, logits)

    def noise(count: int = draws) -> Tensor:
        return draw_noise((count, UNITS), generator, torch.float64)

    def plain() -> Tensor:
        gates = open_gates(logits, noise())
        return reinforce_term(loss(gates), 0.0, gates, logits)

    def controlled(control: nn.Module, *, is_tuned: bool) -> Tensor:
        if is_tuned:
            pairs = [(noise(TUNING_DRAWS), noise(TUNING_DRAWS)) for _ in range(TUNING_STEPS)]
            tune(control, loss, logits, pairs)
        return with_control(loss, logits, (noise(), noise()), control).detach()

    estimators: dict[str, tuple[Callable[[], Tensor], str]] = {
        "REINFORCE, no baseline": (plain, "1"),
        "REINFORCE, mean of the other draws": (lambda: reinforce(loss, logits, noise()), "1"),
        "ARM": (lambda: arm(loss, logits, noise()), "2"),
        "REBAR": (lambda: controlled(RelaxedLoss(loss).double(), is_tuned=True), "3 (2)"),
        "RELAX": (
            lambda: controlled(RelaxedLossAndNetwork(loss, UNITS, generator).double(), is_tuned=True),
            "3 (2)",
        ),
        "concrete, temperature 2/3": (lambda: concrete(loss, logits, noise(), TEMPERATURE), "1 (1)"),
    }
    return [_row(name, estimate(), exact, passes) for name, (estimate, passes) in estimators.items()]


def _row(name: str, estimates: Tensor, exact: Tensor, passes: str) -> Estimate:
    size = exact.norm()
    variance = estimates.var(0).sum()
    bias = (estimates.mean(0) - exact).norm() / size
    noise = (variance / len(estimates)).sqrt() / size
    return Estimate(name, float(bias), float(noise), float(variance / size**2), passes)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="SVG or PNG file to draw into.")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| estimator | passes | bias | by chance | variance |\n|---|---:|---:|---:|---:|")
    rows = measure(options.draws, options.seed)
    for row in rows:
        print(f"| {row.name} | {row.passes} | {row.bias:.3f} | {row.noise:.3f} | {row.variance:.1f} |")
    if options.figure is not None:
        write_estimates(rows, options.figure)


if __name__ == "__main__":
    main()

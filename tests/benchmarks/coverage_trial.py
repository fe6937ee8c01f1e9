"""One network, one pruner, one process: `python -m tests.benchmarks.coverage_trial NETWORK PRUNER` prints a JSON line.

Stages: *export* (ours: capture of the module), *report* (groups and locks), *remove* (half of the channels), *output*
(equal to the dense network with the removed weights set to zero, at batches of one and three), *gradient* (a backward
pass in training mode reaches every parameter).
"""

import argparse
import json
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn

from tests.benchmarks import rivals
from tests.benchmarks.coverage_reference import KeptStatistics, zero_removed
from tests.benchmarks.networks import SUBJECTS, Subject
from tests.engine.oracle import random_keep
from worker.engine.coupling import find_groups, find_locks
from worker.engine.network import build, capture
from worker.engine.surgery import remove

SHARE = 0.5
BATCHES = (1, 3)
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}
HUGE = 150_000_000
"""Networks with more parameters are checked in float32: they would not fit into memory otherwise."""
PRUNERS = ("secateur", "torch-pruning")
LEAST_REMOVED = 0.1
"""Who removes fewer of the parameters has pruned nothing worth the name; half the channels are about 0.6 of them."""


@dataclass
class Outcome:
    """What became of one trial."""

    network: str
    pruner: str
    stage: str = "export"
    """The stage that failed; `done` when none did."""
    reason: str = ""
    error: float | None = None
    """Largest difference of the outputs, relative to the largest output."""
    parameters: int = 0
    parameters_left: int = 0
    groups: int = 0
    locked: int = 0
    inexact: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """CPU seconds by stage."""


class Failed(Exception):
    """A stage ended with a wrong result."""


class Stopwatch:
    """Notes which stage runs and the CPU seconds of those that are over."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._start = time.process_time()

    def enter(self, stage: str) -> None:
        """End the current stage and begin another."""
        now = time.process_time()
        self._outcome.seconds[self._outcome.stage] = round(now - self._start, 3)
        self._outcome.stage, self._start = stage, now


def attempt(subject: Subject, pruner: str) -> Outcome:
    """Run every stage; a failure is part of the outcome."""
    outcome = Outcome(f"{subject.library}/{subject.name}", pruner)
    try:
        _attempt(subject, outcome)
    except Exception as error:
        first = str(error).strip().splitlines()
        outcome.reason = f"{type(error).__name__}: {first[0] if first else ''}"[:400]
        traceback.print_exc()
    return outcome


def _attempt(subject: Subject, outcome: Outcome) -> None:
    dense = subject.build()
    outcome.parameters = sum(parameter.numel() for parameter in dense.parameters())
    if outcome.parameters > HUGE:
        dense = dense.float()
    dtype = next(dense.parameters()).dtype
    inputs = {count: subject.inputs(count).to(dtype) for count in BATCHES}
    with torch.no_grad():
        plain = {count: dense(batch) for count, batch in inputs.items()}
    watch = Stopwatch(outcome)
    if outcome.pruner == "secateur":
        thin, tensors = _ours(dense, subject, outcome, watch)
    else:
        thin, tensors = _theirs(inputs[BATCHES[0]], subject, outcome, watch)
    outcome.parameters_left = sum(tensors[name].numel() for name, _ in dense.named_parameters() if name in tensors)
    watch.enter("output")
    _compare(dense, thin, tensors, inputs, outcome)
    _check_effect(outcome, plain, thin, inputs)
    watch.enter("gradient")
    _check_gradients(thin, inputs[BATCHES[-1]])
    watch.enter("done")


def _ours(
    dense: nn.Module, subject: Subject, outcome: Outcome, watch: Stopwatch
) -> tuple[nn.Module, Mapping[str, Tensor]]:
    dtype = next(dense.parameters()).dtype
    network = capture(dense, (subject.inputs(1).to(dtype),), subject.name)
    watch.enter("report")
    groups, locks = find_groups(network), find_locks(network)
    outcome.groups, outcome.locked = len(groups), len(locks)
    outcome.inexact = len({name for group in groups for name in group.inexact})
    watch.enter("remove")
    thin = remove(network, random_keep(network, SHARE))
    return build(thin), thin.tensors


def _theirs(
    example: Tensor, subject: Subject, outcome: Outcome, watch: Stopwatch
) -> tuple[nn.Module, Mapping[str, Tensor]]:
    module = subject.build().to(example.dtype)
    watch.enter("report")
    with torch.no_grad():
        classes = module(example).shape[1]
    pruner = rivals.make_pruner(module, example, classes)
    watch.enter("remove")
    pruner.step()
    rivals.Heads(pruner.num_heads).write_back(module)
    return module, {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _compare(
    dense: nn.Module, thin: nn.Module, tensors: Mapping[str, Tensor], inputs: Mapping[int, Tensor], outcome: Outcome
) -> None:
    """Outputs at every batch size, against the dense network with the removed weights set to zero."""
    answers = {}
    with torch.no_grad():
        for count, batch in inputs.items():
            answers[count] = thin.eval()(batch)
        left = zero_removed(dense, tensors)
        for count, batch in inputs.items():
            with KeptStatistics(left):
                expected = dense(batch)
            if answers[count].shape != expected.shape:
                raise Failed(f"output of shape {tuple(answers[count].shape)}, not {tuple(expected.shape)}")
            scale = float(expected.abs().max())
            error = float((answers[count] - expected).abs().max()) / scale
            outcome.error = max(outcome.error or 0.0, error)
    if not outcome.error <= TOLERANCES[expected.dtype]:
        raise Failed(f"wrong output: off by {outcome.error:.2g} of the largest score")


def _check_effect(outcome: Outcome, plain: Mapping[int, Tensor], thin: nn.Module, inputs: Mapping[int, Tensor]) -> None:
    if outcome.parameters_left > (1 - LEAST_REMOVED) * outcome.parameters:
        share = outcome.parameters_left / outcome.parameters
        raise Failed(f"nearly nothing is removed: {share:.1%} of the parameters are left")
    with torch.no_grad():
        if any(torch.equal(thin(batch), plain[count]) for count, batch in inputs.items()):
            raise Failed("the output does not depend on what was removed")


def _check_gradients(thin: nn.Module, batch: Tensor) -> None:
    with torch.enable_grad():
        thin.train()(batch).square().mean().backward()
    missing = [name for name, value in thin.named_parameters() if value.requires_grad and value.grad is None]
    if missing:
        raise Failed(f"no gradient for {', '.join(missing[:4])}" + (" and others" if len(missing) > 4 else ""))


def main() -> None:
    """Run one trial and print its outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=list(SUBJECTS))
    parser.add_argument("pruner", choices=PRUNERS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(asdict(attempt(SUBJECTS[options.network], options.pruner))))


if __name__ == "__main__":
    main()

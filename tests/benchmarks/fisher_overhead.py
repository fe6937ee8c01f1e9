"""What the Fisher signal costs on top of a plain training step: a part of `python -m tests.benchmarks.speed`."""

from collections.abc import Callable
from functools import partial

from backend.domain.criteria import FisherCriterion
from tests.benchmarks.turns import PLAIN, Options, Work, start_training
from worker.engine.catalogue import CRITERIA
from worker.engine.retraining.losses import cross_entropy
from worker.engine.signal import INFORMATION, NO_SIGNAL, Needs

GOAL = 1.10
_NEEDS = CRITERIA.make(FisherCriterion()).needs | INFORMATION
"""As in a run."""


def works(name: str, options: Options) -> dict[str, Work]:
    """Plain steps, and steps that read the signal."""
    step = _step(name, options)
    return {PLAIN: partial(step, NO_SIGNAL), "fisher signal": partial(step, _NEEDS)}


def _step(name: str, options: Options) -> Callable[[Needs], None]:
    trainee = options.trainee(name)
    start_training(trainee)
    inputs, labels = options.batch(name)

    def step(needs: Needs) -> None:
        trainee.gates.signal.start(needs)
        trainee.learn(cross_entropy(trainee.scores(inputs), labels, inputs), len(labels))

    return step

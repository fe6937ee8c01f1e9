"""What a regularizer costs on top of a plain training step: a part of `python -m tests.benchmarks.speed`."""

from backend.domain.regularizers import (
    BatchNormL1Regularizer,
    BayesianCompressionRegularizer,
    GroupLassoRegularizer,
    L0HardConcreteRegularizer,
    L1MasksRegularizer,
    Regularizer,
    SparseGroupLassoRegularizer,
    TargetedDropoutRegularizer,
    VariationalDropoutRegularizer,
)
from tests.benchmarks.turns import PLAIN, Options, Work, start_training
from tests.engine.grounds import ground_of
from worker.engine.catalogue import REGULARIZERS
from worker.engine.retraining.losses import cross_entropy
from worker.engine.training import compared, compared_relaxed

GOAL = 1.25
EXAMPLES, STEPS = 50_000, 1000
SPECS: dict[str, Regularizer] = {
    "L0, hard concrete": L0HardConcreteRegularizer(),
    "L0, gates of single weights": L0HardConcreteRegularizer(gated="weights"),
    "L0, ARM": L0HardConcreteRegularizer(estimator="arm"),
    "L0, REINFORCE": L0HardConcreteRegularizer(estimator="reinforce"),
    "L0, REBAR": L0HardConcreteRegularizer(estimator="rebar"),
    "L0, RELAX": L0HardConcreteRegularizer(estimator="relax"),
    "L1 masks": L1MasksRegularizer(),
    "group lasso, filters": GroupLassoRegularizer(),
    "group lasso, filters and channels": GroupLassoRegularizer(channel_strength=1e-4),
    "group lasso, all four": GroupLassoRegularizer(channel_strength=1e-4, shape_strength=1e-4, layer_strength=1e-4),
    "group sparse": SparseGroupLassoRegularizer(),
    "DropNeuron": SparseGroupLassoRegularizer(lines="both", scaling="none"),
    "slimming": BatchNormL1Regularizer(),
    "slimming, proximal": BatchNormL1Regularizer(step="proximal"),
    "targeted dropout, units": TargetedDropoutRegularizer(),
    "targeted dropout, single weights": TargetedDropoutRegularizer(dropped="weights"),
    "variational dropout, weights drawn": VariationalDropoutRegularizer(),
    "variational dropout, sums drawn": VariationalDropoutRegularizer(noise="activations"),
    "Bayesian compression, weights drawn": BayesianCompressionRegularizer(),
    "Bayesian compression, sums drawn": BayesianCompressionRegularizer(noise="activations"),
    "Bayesian compression, horseshoe, weights drawn": BayesianCompressionRegularizer(prior="horseshoe"),
    "Bayesian compression, horseshoe, sums drawn": BayesianCompressionRegularizer(
        prior="horseshoe", noise="activations"
    ),
}


def works(name: str, options: Options) -> dict[str, Work]:
    """Training steps of fresh networks, one for each regularizer."""
    has_norms = name in ("resnet20", "vgg16_bn")
    specs = {title: spec for title, spec in SPECS.items() if has_norms or not isinstance(spec, BatchNormL1Regularizer)}
    return {PLAIN: _step(name, None, options)} | {title: _step(name, spec, options) for title, spec in specs.items()}


def _step(name: str, spec: Regularizer | None, options: Options) -> Work:
    trainee = options.trainee(name)
    if spec is not None:
        trainee.regularizer = REGULARIZERS.make(spec)(ground_of(trainee, EXAMPLES, STEPS))
    start_training(trainee)
    inputs, labels = options.batch(name)

    def step() -> None:
        logits = trainee.scores(inputs)
        loss = cross_entropy(logits, labels, inputs)
        rise = compared(trainee, cross_entropy, logits, labels, inputs)
        relaxed = compared_relaxed(trainee, cross_entropy, logits, labels, inputs)
        trainee.learn(loss, len(labels), None if rise is None else loss.detach() + rise, relaxed)

    return step

"""Removing whole channels of a trained network, and the baselines of that."""

from backend.domain.allocations import GlobalAllocation, UniformAllocation
from backend.domain.costs import FixedCost, NoCost
from backend.domain.criteria import Criterion, FisherCriterion, MagnitudeCriterion, RandomCriterion
from backend.domain.presets.preset import Preset
from backend.domain.pruning import Prune
from backend.domain.recipe import Recipe
from backend.domain.retraining import Distillation, Retrain, SgdOptimizer
from backend.domain.targets import MacTarget

_TARGET = MacTarget(density=0.25)
_RETRAIN = Retrain(epochs=5, optimizer=SgdOptimizer(learning_rate=0.05, weight_decay=1e-3))
_DISTILL = Distillation(temperature=2.0, weight=0.9)
"""Theis et al. also give the teacher nine tenths of the loss."""

_BETA = 0.5
"""Nats for the whole dense cost; chosen on validation data of Fashion-MNIST with LeNet-5 (docs/benchmarks.md)."""


def _channel_recipe(criterion: Criterion, *, is_uniform: bool = False, beta: float | None = None) -> Recipe:
    prune = Prune(
        criterion=criterion,
        allocation=UniformAllocation() if is_uniform else GlobalAllocation(),
        cost=NoCost() if beta is None else FixedCost(beta=beta),
    )
    return Recipe(target=_TARGET, prune=prune, retrain=_RETRAIN, distill=_DISTILL)


CHANNEL_PRESETS: tuple[Preset, ...] = (
    Preset(
        name="theis2018-fisher",
        title="Fisher pruning with cost",
        summary="One feature map at a time: the one whose removal costs least loss per saved compute, "
        "with training between removals.",
        citation="L. Theis, I. Korshunova, A. Tejani, F. Huszár. Faster gaze prediction with dense networks "
        "and Fisher pruning. arXiv:1801.05787, 2018.",
        is_baseline=False,
        recipe=_channel_recipe(FisherCriterion(), beta=_BETA),
    ),
    Preset(
        name="theis2018-fisher-model",
        title="Fisher pruning, labels of the model",
        summary="Fisher pruning by labels that are drawn from the network's own answer, in place of the data's.",
        citation="After L. Theis et al. 2018. F. Kunstner, L. Balles, P. Hennig. Limitations of the empirical Fisher "
        "approximation. NeurIPS 2019. arXiv:1905.12558.",
        is_baseline=False,
        recipe=_channel_recipe(FisherCriterion(labels="model"), beta=_BETA),
    ),
    Preset(
        name="magnitude-channel",
        title="Channel magnitude",
        summary="One channel at a time: the one with the smallest L2 norm of weights over the whole network.",
        citation="H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf. Pruning filters for efficient ConvNets. "
        "arXiv:1608.08710, 2017 (there with the L1 norm, layer by layer).",
        is_baseline=False,
        recipe=_channel_recipe(MagnitudeCriterion()),
    ),
    Preset(
        name="random-channel",
        title="Random channels",
        summary="One channel at a time, drawn at random: what any criterion must beat.",
        citation="Baseline.",
        is_baseline=True,
        recipe=_channel_recipe(RandomCriterion()),
    ),
    Preset(
        name="uniform",
        title="Uniform thinning",
        summary="Every layer thinned alike; the smallest L2 norms go first inside each layer.",
        citation="Baseline.",
        is_baseline=True,
        recipe=_channel_recipe(MagnitudeCriterion(), is_uniform=True),
    ),
)
"""All share target, training, retraining and teacher: they compare the choice of channels alone."""

"""The ground that a run's regularizer works on."""

from backend.domain.recipe import Recipe
from backend.domain.thinning import SizeModel
from worker.engine.catalogue import REGULARIZERS
from worker.engine.network import summarize
from worker.engine.regularizers.regularizer import Ground, Regularizer
from worker.engine.trainee import Trainee
from worker.engine.weights.layers import removable_weights
from worker.engine.workplace import Workplace


def make_regularizer(trainee: Trainee, recipe: Recipe, work: Workplace, steps: int) -> Regularizer:
    """The recipe's regularizer, for `steps` optimizer steps on the network as it is now; pinned layers are spared."""
    if recipe.sparsify is None:
        raise RuntimeError("only a recipe with a section `sparsify` has a regularizer")
    pins, network = frozenset(recipe.prune.pins), trainee.network()
    summary = summarize(network)
    ground = Ground(
        module=trainee.module,
        groups=tuple(group for group in trainee.groups if pins.isdisjoint(group.layers)),
        gates=trainee.gates,
        example_count=work.trainer.batches.example_count,
        steps=steps,
        generator=work.generators["regularizer"],
        network=network,
        model=SizeModel.of(summary),
        weights=removable_weights(network, summary, recipe.prune),
        latency=recipe.latency,
    )
    return REGULARIZERS.make(recipe.sparsify.regularizer)(ground)

"""What regularizers work on, in tests."""

import torch

from backend.domain.criteria import RandomCriterion
from backend.domain.pruning import Prune
from backend.domain.thinning import SizeModel
from tests.engine.runs import CPU
from worker.engine.network import Network, summarize
from worker.engine.regularizers.regularizer import Ground
from worker.engine.trainee import Trainee
from worker.engine.weights.layers import removable_weights


def ground_of(
    trainee: Trainee, example_count: int = 100, steps: int = 10, seed: int = 0, pins: tuple[str, ...] = ()
) -> Ground:
    """The ground of a dense trainee; `pins` are layers whose single weights stay."""
    network = trainee.network()
    return Ground(
        module=trainee.module,
        groups=trainee.groups,
        gates=trainee.gates,
        example_count=example_count,
        steps=steps,
        generator=torch.Generator().manual_seed(seed),
        network=network,
        model=SizeModel.of(summarize(network)),
        weights=removable_weights(network, summarize(network), Prune(criterion=RandomCriterion(), pins=pins)),
    )


def dense(network: Network) -> Trainee:
    """A network in training on the CPU."""
    return Trainee(network, CPU)

"""What regularizers work on, in tests."""

import torch

from backend.domain.thinning import SizeModel
from tests.engine.runs import CPU
from worker.engine.network import Network, summarize
from worker.engine.regularizers.regularizer import Ground
from worker.engine.trainee import Trainee


def ground_of(trainee: Trainee, example_count: int = 100, steps: int = 10, seed: int = 0) -> Ground:
    """The ground of a dense trainee."""
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
    )


def dense(network: Network) -> Trainee:
    """A network in training on the CPU."""
    return Trainee(network, CPU)

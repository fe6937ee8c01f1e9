"""Which side of a run knows what one decision removes."""

import torch

from backend.domain.network import NetworkSummary
from backend.domain.recipe import Recipe
from worker.engine.network import Network
from worker.engine.removal import ChannelRemoval, Removal
from worker.engine.trainee import Trainee
from worker.engine.weights.removal import UnstructuredRemoval


def make_removal(
    network: Network, trainee: Trainee, summary: NetworkSummary, recipe: Recipe, generator: torch.Generator
) -> Removal:
    """The side for the recipe's granularity; `summary` is the dense network's."""
    if recipe.prune.granularity.kind == "unstructured":
        return UnstructuredRemoval(network, trainee, summary, recipe, generator)
    return ChannelRemoval(trainee, summary, recipe, generator)

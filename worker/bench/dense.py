"""The dense networks of a comparison, and the weights that they had early in their training."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from backend.domain.recipe import Recipe
from worker.bench.plan import Plan
from worker.bench.shelf import Shelf, key_of
from worker.engine.checkpoint import Checkpoint
from worker.engine.examples import Dataset
from worker.engine.network import Network
from worker.engine.results import FinishedPoint
from worker.engine.retraining.early import Moments, wanted_moments
from worker.engine.sampling import STEPS_PER_RECORD, Output, train_sample
from worker.zoo.fresh import initialize


class Interrupted(Exception):
    """Somebody asked the comparison to stop; the run under way goes on from its last checkpoint next time."""


@dataclass(frozen=True)
class DenseTrainings:
    """One training for each seed; `shelf` keeps what came of it. All methods raise Interrupted when asked to stop."""

    plan: Plan
    dataset: Dataset
    device: torch.device
    shelf: Shelf
    should_stop: Callable[[], bool]

    def key(self, seed: int) -> str:
        """By which the dense network of a seed lies on the shelf."""
        return key_of(self.plan.order(seed).model_dump_json(), self.dataset.content_hash)

    def train(self, seed: int) -> FinishedPoint:
        """Train the dense network of a seed; it is not put on the shelf."""
        return next(output for output in self._outputs(seed) if isinstance(output, FinishedPoint))

    def early(self, seed: int, recipe: Recipe) -> Moments | None:
        """What `recipe` needs of the early training of a seed's dense network; None where it says nothing of that."""
        if recipe.dense is None:
            return None
        steps = {"initialization": 0, "keep_step": recipe.dense.keep_step}
        return {moment: self._tensors(seed, steps[moment]) for moment in wanted_moments(recipe) if moment != "trained"}

    def _tensors(self, seed: int, step: int) -> Mapping[str, Tensor]:
        """After `step` optimizer steps, of which a record is made: from the shelf, or trained again up to there."""
        if step == 0:
            return self._fresh(seed).tensors
        key = key_of(self.key(seed), f"step {step}")
        kept = self.shelf.network(key)
        if kept is None:
            records = (output for output in self._outputs(seed) if isinstance(output, Checkpoint))
            record = next(record for record in records if record.step * STEPS_PER_RECORD == step)
            kept = replace(self._fresh(seed), tensors=record.part("weights"))
            self.shelf.keep_network(key, kept)
        return kept.tensors

    def _fresh(self, seed: int) -> Network:
        return initialize(self.plan.network, self.dataset.only_shape, self.dataset.class_count, seed)

    def _outputs(self, seed: int) -> Iterator[Output]:
        order = self.plan.order(seed)
        yield from train_sample(self._fresh(seed), self.dataset, order, self.device, should_stop=self.should_stop)
        raise Interrupted

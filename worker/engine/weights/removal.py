"""Single weights become zero: the side of a run that knows the granularity `unstructured`."""

from collections.abc import Mapping

import torch
from torch import Tensor

from backend.domain.bounds import width_bounds
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.granularities import UnstructuredGranularity
from backend.domain.network import NetworkSummary
from backend.domain.recipe import Recipe
from worker.engine.allocations.weight_allocation import RankedLayer
from worker.engine.catalogue import WEIGHT_ALLOCATIONS, WEIGHT_CRITERIA
from worker.engine.finishing import finish, lost_layers, spread
from worker.engine.layout import Size, layout_of_weights
from worker.engine.network import Network, summarize
from worker.engine.rankings import Ranking
from worker.engine.results import Delivered
from worker.engine.retraining.losses import Loss
from worker.engine.surgery import remove_from_tensors
from worker.engine.trainee import Trainee
from worker.engine.weight_criteria.criterion import Compensating, WeightEvidence
from worker.engine.weights.body import Body
from worker.engine.weights.dropout import FollowingDropout, find_dropouts
from worker.engine.weights.layers import WeightLayer
from worker.engine.weights.signal import WeightSignal


class UnstructuredRemoval:
    """Single weights: masked for good, in place; every level is met to the last weight, by score, then by position."""

    def __init__(
        self, network: Network, trainee: Trainee, summary: NetworkSummary, recipe: Recipe, generator: torch.Generator
    ) -> None:
        self._trainee, self._generator, self._target, self._prune = trainee, generator, recipe.target, recipe.prune
        self._body = Body.of(network, summary, recipe.prune)
        self._model, self._layers = self._body.model, self._body.layers
        self._bounds = width_bounds(summary, recipe.prune)
        self.layout = layout_of_weights(summary, self._model)
        self._criterion = WEIGHT_CRITERIA.make(recipe.prune.criterion)
        self._allocation = WEIGHT_ALLOCATIONS.make(recipe.prune.allocation)
        self._signal = WeightSignal(generator)
        self._dropouts: list[FollowingDropout] = []
        if isinstance(recipe.prune.granularity, UnstructuredGranularity) and recipe.prune.granularity.rescale_dropout:
            self._dropouts = find_dropouts(trainee.module, [name for layer in self._layers for name in layer.shapes])
        self._names = tuple(layer.name for layer in summary.layers)
        self._rankings: tuple[Ranking, ...] = ()

    def density(self) -> float:
        """Fraction kept of weights, operations with weights, or parameters."""
        return self._model.density(self._target.kind, self._left())

    def is_reached(self, level: float) -> bool:
        """No weight more has to go."""
        return self._model.budget(self._target.kind, level).need(self._left()) <= 0

    def start_reading(self) -> None:
        """Gather the criterion's reading at the weights that may go."""
        parameters = self._trainee.parameters
        names = [name for layer in self._layers for name in layer.shapes]
        self._signal.start(self._criterion.reading, {name: parameters[name] for name in names}, self._trainee.module)

    def watched(self, loss: Loss) -> Loss:
        """The loss, with the reading taken on the way; the gates' own signal is not read in its backward passes."""
        return self._trainee.gates.signal.unread(self._signal.watched(loss))

    def remove(self, level: float, limit: int | None) -> tuple[str, ...]:  # noqa: ARG002  (the protocol's signature)
        """Mask weights until the level is reached; their number alone is told, in `size`."""
        tensors = self._trainee.tensors
        evidence = WeightEvidence(self._layers, tensors, self._signal.stop(), self._generator)
        scores = self._criterion.score(evidence)
        _check_scores(scores)
        flags = {layer.name: self._flags(layer, scores[layer.name]) for layer in self._layers}
        queues = {name: _queue(scores[name], kept) for name, kept in flags.items()}
        ranked = [
            self._ranked(layer, scores[layer.name], queues[layer.name], layer.flat(tensors)) for layer in self._layers
        ]
        counts = self._allocation.keep(ranked, self._model.budget(self._target.kind, level))
        self._rankings = tuple(
            Ranking(self._names[layer.size.place], line.scores, line.count - count)
            for layer, line, count in zip(self._layers, ranked, counts, strict=True)
            if layer.size.floor < layer.size.count
        )
        masks: dict[str, Tensor] = {}
        for layer, count in zip(self._layers, counts, strict=True):
            queue, kept = queues[layer.name], flags[layer.name]
            kept[queue[: len(queue) - count]] = False
            masks |= layer.split(kept)
        if isinstance(self._criterion, Compensating):
            self._write(self._criterion.compensated(evidence, flags))
        self._trainee.mask_weights(masks)
        self._rescale_dropout()
        return ()

    def take_rankings(self) -> tuple[Ranking, ...]:
        """Of the layers that may give, in forward order."""
        rankings, self._rankings = self._rankings, ()
        return rankings

    def _write(self, values: Mapping[str, Tensor]) -> None:
        """Set weights by layer, (count,)."""
        for layer in self._layers:
            self._trainee.set_tensors(layer.split(values[layer.name]))

    def restore(self) -> None:
        """Dropout follows the masks."""
        self._rescale_dropout()

    def settle(self) -> None:
        """Nothing: shapes stay."""

    def size(self) -> Size:
        """Masked weights count as removed."""
        return self._body.size(self._trainee.weight_masks.counts, sum(self._model.dense))

    def delivered(self) -> Delivered:
        """Neurons and filters without inputs or outputs are dead (Han et al. 2015, section 3.5)."""
        trainee, present = self._trainee, self._trainee.as_thinned()
        prune = self._prune
        needed = finish(present, self._bounds, prune.pins) if prune.dead_channels == "remove" else present
        if needed is present:
            return Delivered(present.network, self.size(), present=present.present)
        kept = remove_from_tensors(trainee.weight_masks.kept, trainee.groups, needed.present)
        counts = {name: int(mask.sum()) for name, mask in kept.items()}
        body = Body.of(needed.network, summarize(needed.network), prune)
        lost = lost_layers(present.network, needed.network)
        size = body.size(counts, sum(self._model.dense)).with_layers(lambda values: spread(values, lost))
        return Delivered(needed.network, size, needed.lost_since(present), needed.present, tuple(lost.values()))

    def _rescale_dropout(self) -> None:
        counts = self._trainee.weight_masks.counts
        for dropout in self._dropouts if counts else ():
            dense = {name: torch.Size(self._body.tensors[name][0]).numel() for name in dropout.weights}
            dropout.rescale(self._trainee.module, dense, counts)

    def _left(self) -> list[int]:
        """Weights left in each layer."""
        return self._body.left(self._trainee.weight_masks.counts)

    def _flags(self, layer: WeightLayer, like: Tensor) -> Tensor:
        """Which of the layer's weights are kept, bool (count,)."""
        kept = self._trainee.weight_masks.kept
        return layer.flat(kept).clone() if kept else torch.ones_like(like, dtype=torch.bool)

    def _ranked(self, layer: WeightLayer, scores: Tensor, queue: Tensor, weights: Tensor) -> RankedLayer:
        left = weights[queue]
        spread = left.double().std(correction=0).item()
        return RankedLayer(
            scores[queue], spread, tuple(layer.shapes.values()), layer.size, self._names[layer.size.place]
        )


def _queue(scores: Tensor, kept: Tensor) -> Tensor:
    """Positions of the weights that are kept, lowest score first, equal scores by position."""
    places = kept.nonzero().flatten()
    return places[scores[places].argsort(stable=True)]


def _check_scores(scores: Mapping[str, Tensor]) -> None:
    for name, score in scores.items():
        if not bool(torch.isfinite(score).all()):
            raise JobFailure(
                FailureCode.DIVERGED,
                f"The scores of the weights `{name}` are not finite: training diverges.",
                "Lower prune.optimizer.learning_rate.",
            )

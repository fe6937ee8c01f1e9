"""Scores of channels that outlast the network in which they were given, as it becomes thinner."""

from collections.abc import Mapping

import torch
from torch import Tensor

from worker.engine.checkpoint import Checkpoint
from worker.engine.masks import Masks


class Recollection:
    """Kept for the dense network's channels, (K,) by group on the CPU; NaN for those that had gone by then."""

    def __init__(self, widths: Mapping[str, int]) -> None:
        """`widths` are the dense network's, by group."""
        self._widths = widths
        self._learned: dict[str, Tensor] = {}
        self._earlier: dict[str, Tensor] = {}

    def learn(self, scores: Mapping[str, Tensor], masks: Masks) -> None:
        """Keep what a regularizer left of the channels present; if it left anything, all other groups score 1."""
        whole = {name: torch.ones(width) for name, width in self._widths.items()} if scores else {}
        self._learned = whole | self._in_dense(scores, masks)

    def remember(self, scores: Mapping[str, Tensor], masks: Masks) -> None:
        """Keep the scores of the channels present at a removal, for the next one."""
        self._earlier |= self._in_dense(scores, masks)

    def learned(self, masks: Masks) -> dict[str, Tensor]:
        """What a regularizer left of the channels that are present; empty where it left nothing."""
        return {name: score[masks.original[name]] for name, score in self._learned.items()}

    def units(self) -> dict[str, Tensor]:
        """Root mean square of what a regularizer left of each group, () by group: channels that went later count."""
        return {name: score.square().nanmean().sqrt() for name, score in self._learned.items()}

    def earlier(self, masks: Masks) -> dict[str, Tensor]:
        """Scores at the last removal of the channels that are present; empty before the first."""
        return {name: score[masks.original[name]] for name, score in self._earlier.items()}

    def checkpoint_tensors(self) -> dict[str, Tensor]:
        """All of it."""
        learned = {f"learned/{name}": score for name, score in self._learned.items()}
        return learned | {f"earlier/{name}": score for name, score in self._earlier.items()}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint's."""
        self._learned, self._earlier = checkpoint.part("learned"), checkpoint.part("earlier")

    def _in_dense(self, scores: Mapping[str, Tensor], masks: Masks) -> dict[str, Tensor]:
        found = {}
        for name, score in scores.items():
            score = score.detach().cpu()
            dense = torch.full((self._widths[name],), torch.nan, dtype=score.dtype)
            found[name] = dense.index_put_((masks.original[name],), score)
        return found

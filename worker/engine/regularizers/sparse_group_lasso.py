"""Groups and single weights shrunk together (Scardapane et al. 2017), incoming and outgoing (Pan et al. 2016)."""

from torch import Tensor

from backend.domain.regularizers import SparseGroupLassoRegularizer
from worker.engine.regularizers.places import ChannelPlaces, making_members, weakest_lines
from worker.engine.regularizers.readers import reading_members
from worker.engine.regularizers.regularizer import REGULARIZERS, Ground, MakeRegularizer, Neutral
from worker.engine.regularizers.shrinking import Filters, shrink_channels, shrink_weights


@REGULARIZERS.register(SparseGroupLassoRegularizer)
def sparse_group_lasso(spec: SparseGroupLassoRegularizer) -> MakeRegularizer:
    """Make the regularizer of a network."""
    return lambda ground: SparseGroupLasso(spec, ground)


class SparseGroupLasso(Neutral):
    """`strength * sum of [sqrt(|w|)] ||w|| + l1_strength * sum of |w|`, by proximal steps: zeros are exact.

    Single weights are shrunk before the groups that hold them, which is the exact proximal step of both. Biases
    are left alone: a channel that no weight makes may still say a constant, which its readers lose when the target
    takes it.
    """

    def __init__(self, spec: SparseGroupLassoRegularizer, ground: Ground) -> None:
        self._spec, self._groups = spec, ground.groups
        tensors = dict(ground.module.named_parameters())
        self._filters: Filters | None = None
        self._readers: ChannelPlaces | None = None
        if spec.lines != "outgoing":
            makers = {group.name: making_members(group) for group in ground.groups}
            self._filters = Filters(ChannelPlaces(ground.groups, makers, tensors), ground.network)
        if spec.lines != "incoming":
            readers = {group.name: reading_members(ground.network, group) for group in ground.groups}
            groups = [group for group in ground.groups if readers[group.name]]
            self._readers = ChannelPlaces(groups, readers, tensors)
        lines = [None if self._filters is None else self._filters.places, self._readers]
        self._lines = [places for places in lines if places is not None]
        names = sorted(frozenset[str]().union(*(places.tensors for places in self._lines)))
        self._weights = [tensors[name] for name in names]

    def add_gradients(self) -> None:
        """None for filters that stay zero."""
        if self._filters is not None:
            self._filters.drop_gradients()

    def finish_step(self, learning_rate: float) -> None:
        """Shrink single weights, then the lines of every channel."""
        if self._spec.l1_strength:
            for weight in self._weights:
                shrink_weights(weight, learning_rate * self._spec.l1_strength)
        strength, by_size = learning_rate * self._spec.strength, self._spec.scaling == "root_size"
        if self._filters is not None:
            self._filters.shrink(strength, by_size=by_size)
        if self._readers is not None:
            shrink_channels(self._readers, strength, by_size=by_size)

    def finish(self) -> dict[str, Tensor]:
        """The weights say it all: a channel scores by the weaker of what makes it and what reads it."""
        return weakest_lines(self._lines, self._groups)

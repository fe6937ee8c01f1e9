"""What a run hands out besides events: measured networks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from backend.domain.first_layers import FirstLayer
from backend.domain.reports import OperatingPoint
from backend.domain.scores import ScoreDistribution
from worker.engine.evaluation import Evaluation
from worker.engine.layout import Size
from worker.engine.network import Network
from worker.engine.scaling import Scaling


@dataclass(frozen=True)
class Delivered:
    """A network as it is handed out, and its size."""

    network: Network
    size: Size
    dead_channels: tuple[str, ...] = ()
    """What the network in training still has: channels that nobody needs, as `group:original index`."""
    present: Mapping[str, Tensor] = field(default_factory=dict)
    """Which of the dense network's channels it has, bool (width,) by group; a group that is not named is whole."""
    removed_layers: tuple[str, ...] = ()
    """Layers that it lacks, in forward order: residual branches that said the same whatever the input."""

    @property
    def is_shared(self) -> bool:
        """It is the network in training itself."""
        return not self.dead_channels and not self.removed_layers


@dataclass(frozen=True)
class Removed:
    """What one step removed, and the accuracy around it where that is measured; nothing in steps that only train."""

    removed: tuple[str, ...] = ()
    """Channels, as `group:original index`."""
    before_accuracy: float | None = None
    pruned_accuracy: float | None = None


@dataclass(frozen=True)
class Measured:
    """A network that is handed out, with what it reaches."""

    delivered: Delivered
    validation: Evaluation
    test: Evaluation


@dataclass(frozen=True)
class FinishedPoint:
    """An operating point with its physically thinner network and the scaling of its inputs."""

    point: OperatingPoint
    network: Network
    scaling: Scaling
    scores: ScoreDistribution | None = None
    """Of the removal that led here; None for the dense network, and where nothing had to go."""
    first_layers: tuple[FirstLayer, ...] = ()
    """Pictures of the layers that read the network's inputs."""

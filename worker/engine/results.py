"""What a run hands out besides events: measured networks."""

from dataclasses import dataclass

from backend.domain.reports import OperatingPoint
from backend.domain.scores import ScoreDistribution
from worker.engine.examples import Scaling
from worker.engine.network import Network


@dataclass(frozen=True)
class FinishedPoint:
    """An operating point with its physically thinner network and the scaling of its inputs."""

    point: OperatingPoint
    network: Network
    scaling: Scaling
    scores: ScoreDistribution | None = None
    """Of the removal that led here; None for the dense network, and where nothing had to go."""

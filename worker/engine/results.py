"""What a run hands out besides events: measured networks."""

from dataclasses import dataclass

from backend.domain.reports import OperatingPoint
from worker.engine.examples import Scaling
from worker.engine.network import Network


@dataclass(frozen=True)
class FinishedPoint:
    """An operating point with its physically thinner network and the scaling of its inputs."""

    point: OperatingPoint
    network: Network
    scaling: Scaling

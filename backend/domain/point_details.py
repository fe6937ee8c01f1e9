"""What is recorded with an operating point, and read only where it is asked for: too much for lists of points."""

from backend.domain.first_layers import FirstLayer
from backend.domain.scores import ScoreDistribution
from backend.domain.spec import Spec


class PointDetails(Spec):
    """Points from before something was recorded do not have it."""

    scores: ScoreDistribution | None = None
    """How the scores lay at the last removal."""
    first_layers: tuple[FirstLayer, ...] = ()
    """A picture for each layer that reads an input of the network and has something to show."""

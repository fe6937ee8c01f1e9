"""What a figure may be drawn from: a run's report, its network, and what the viewer asked for."""

from typing import Literal

from backend.domain.instability import MeasuredRemoval
from backend.domain.network import NetworkSummary
from backend.domain.reports import RunReport
from backend.domain.spec import Spec

SizeAxis = Literal["sparsity", "macs", "parameters", "compression"]


class RunView(Spec):
    """A run as its figures see it."""

    report: RunReport
    network: NetworkSummary | None = None
    """The dense network's layers; None while nobody knows them (a sample network that is still in training)."""
    x: SizeAxis = "sparsity"
    """What the accuracy is drawn against."""
    step: int | None = None
    """The step whose widths the architecture shows; None means the last one."""
    layer: str | None = None
    """The layer whose gates are shown; None means all of them."""
    removals: tuple[MeasuredRemoval, ...] = ()
    """All removals that were measured: steps may be thinned out."""

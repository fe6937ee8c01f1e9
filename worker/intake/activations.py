"""Bounds on what a network computes on its way, found from shapes alone."""

from torch import Tensor

from worker.engine.graph import Network
from worker.engine.network.files import MAXIMUM_ELEMENTS
from worker.intake.refusals import printable, rejected


def check_activations(network: Network) -> None:
    """Raise `FileRefusal` that names the operation whose result for one example would be too large."""
    for node in network.graph.nodes:
        result = network.shapes[node.name]
        if isinstance(result, Tensor) and result.numel() > MAXIMUM_ELEMENTS:
            raise rejected(
                f"would compute {result.numel()} numbers for one example at `{printable(node.place or node.name)}`; "
                f"at most {MAXIMUM_ELEMENTS} are allowed.",
                "Export the network for smaller inputs.",
            )

"""What class scores hang on: branches that lead to further outputs only are neither trained nor judged by a run."""

from worker.engine.graph import Network
from worker.engine.graph.schema import Argument, Reference


def leading_nodes(network: Network) -> frozenset[str]:
    """Names of the nodes that the first output hangs on, itself among them."""
    leading = {network.graph.outputs[0]}
    for step in reversed(network.steps):
        if step.node.name in leading:
            leading |= _references([*step.args, *step.kwargs.values()])
    return frozenset(leading)


def _references(arguments: list[Argument]) -> set[str]:
    """Names of the nodes among arguments."""
    names: set[str] = set()
    for argument in arguments:
        if isinstance(argument, Reference):
            names.add(argument.node)
        elif isinstance(argument, list):
            names |= _references(argument)
    return names

"""Layers beside shortcuts: those that end a branch which is added to what does without it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from worker.engine.counting import use_of
from worker.engine.coupling import ChannelGroup
from worker.engine.graph import Network
from worker.engine.graph.evaluation import Step
from worker.engine.graph.schema import references

_SUMS = ("add", "sub")


def branch_ends(network: Network, groups: Iterable[ChannelGroup]) -> frozenset[str]:
    """Names of the weights whose layers may go as a whole: they end a branch beside a shortcut, and others stay.

    Of the layers that make the same channels the first one always stays.
    """
    makers = ([member.tensor for member in group.members if member.makes] for group in groups)
    return layers_beside_shortcuts(network, {name for names in makers for name in names[1:]})


def layers_beside_shortcuts(network: Network, among: Collection[str]) -> frozenset[str]:
    """Names of the weights whose layers end a branch, wherever they are used: without them the network is connected.

    Only those `among` are looked at. All that a layer gives comes together in one sum, with no layer after it, and the
    other side of the sum does not depend on it: norms, activations, and squeeze and excitation may come between, a
    depthwise convolution that another layer reads is no such layer.
    """
    found: dict[str, list[bool]] = defaultdict(list)
    readers = _count_readers(network)
    for place, step in enumerate(network.steps):
        use = use_of(step, network)
        if use is not None and use.weight in among:
            found[use.weight].append(_ends_in_sum(network, place, readers))
    return frozenset(name for name, ends in found.items() if all(ends))


def _sources(step: Step) -> list[str]:
    return [name for value in (*step.args, *step.kwargs.values()) for name in references(value)]


def _count_readers(network: Network) -> Mapping[str, int]:
    """How often every node is read, as an output too."""
    return Counter([*network.graph.outputs, *(name for step in network.steps for name in _sources(step))])


def _ends_in_sum(network: Network, place: int, readers: Mapping[str, int]) -> bool:
    """Follow all that depends on a layer until it comes together: in a sum with something else, or in another layer."""
    name = network.steps[place].node.name
    open_reads = Counter({name: readers[name]})
    for step in network.steps[place + 1 :]:
        read = [source for source in _sources(step) if source in open_reads]
        if not read:
            continue
        open_reads.subtract(read)
        if not any(open_reads.values()):
            if step.kind in _SUMS and len(read) == 1 and len(_sources(step)) > 1:
                return True
            if use_of(step, network) is not None:
                return False
        open_reads[step.node.name] = readers[step.node.name]
    return False

"""Time of every layer of a network, which is run node by node."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

import torch
from torch import fx
from typing_extensions import override

from backend.domain.combinations import counts_latency
from backend.domain.latencies import Latency
from backend.domain.recipe import Recipe
from worker.engine.checkpoint import Checkpoint
from worker.engine.counting import use_of
from worker.engine.coupling.values import layer_name
from worker.engine.failures import memory_failures
from worker.engine.graph import Network
from worker.engine.graph.evaluation import example_inputs
from worker.engine.network import build, summarize
from worker.engine.place import Place
from worker.engine.placement import on_device

_WARM_ROUNDS = 2
_FEWEST_ROUNDS = 3
_MOST_ROUNDS = 200
_SHORTEST_MS = 1e-6
"""What stands for a time that the clock does not see, and for layers that no output needs."""


@dataclass(frozen=True)
class LayerTimes:
    """Medians over some rounds, in milliseconds of one call on one batch."""

    layers: Mapping[str, float]
    """Of each layer, in forward order; one that is used several times has the sum."""
    behind: Mapping[str, float]
    """Of what runs on each layer's outputs up to the next layers: norms, activations, pooling, products of activations.

    What runs on the outputs of several layers counts for each by its share of their widths.
    """
    rest: float
    """Of what comes before every layer."""
    rounds: int

    @property
    def total(self) -> float:
        """Of the whole network."""
        return sum(self.layers.values()) + sum(self.behind.values()) + self.rest

    def told(self, batch_size: int) -> Latency:
        """As recipes hold them, with four digits."""
        return Latency(layers=_lines(self.layers), behind=_lines(self.behind), batch_size=batch_size)


def _lines(times: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(f"{name}={milliseconds:.4g}" for name, milliseconds in times.items() if milliseconds > 0)


def time_layers(network: Network, batch_size: int, device: torch.device, seconds: float = 3.0) -> LayerTimes:
    """Run the network in float32 on a batch of zeros for about `seconds`, but three times at least after warming up.

    Every round meets all layers once, so that whatever else runs on the machine meets them alike. Raises
    JobFailure(OUT_OF_MEMORY) where the batch is too large.
    """
    uses = {step.node.name: use_of(step, network) for step in network.steps}
    layers = {node: layer_name(use.weight) for node, use in uses.items() if use is not None}
    with memory_failures("latency.batch_size"), torch.inference_mode():
        inputs = tuple(example_inputs(network.graph, batch_size, str(device)).values())
        module = on_device(build(network), device)
        rounds = _rounds(_Timed(module, _stopwatch(device)), inputs, seconds)
    found = dict.fromkeys(layers.values(), 0.0)
    for node, name in layers.items():
        found[name] += max(_SHORTEST_MS, median(times.get(node, 0.0) for times in rounds))
    behind, rest = dict.fromkeys(found, 0.0), 0.0
    shares = _shares(module.graph, layers, {layer.name: layer.width for layer in summarize(network).layers})
    for node in (node for node in rounds[0] if node not in layers):
        spent = median(times[node] for times in rounds)
        rest += 0.0 if shares[node] else spent
        for name, share in shares[node].items():
            behind[name] += share * spent
    return LayerTimes(found, behind, rest, len(rounds))


def _shares(graph: fx.Graph, layers: Mapping[str, str], widths: Mapping[str, int]) -> Mapping[str, Mapping[str, float]]:
    """Of each node, the layers on whose outputs it runs, with what part of its outputs each of them makes.

    `layers` are those of nodes.
    """
    nearest: dict[str, dict[str, None]] = {}
    for node in graph.nodes:
        before: dict[str, None] = {}
        for source in node.all_input_nodes:
            before |= nearest[source.name]
        nearest[node.name] = {layers[node.name]: None} if node.name in layers else before
    totals = {node: sum(widths[name] for name in names) for node, names in nearest.items()}
    return {node: {name: widths[name] / totals[node] for name in names} for node, names in nearest.items()}


def _rounds(timed: "_Timed", inputs: Sequence[torch.Tensor], seconds: float) -> Sequence[Mapping[str, float]]:
    """Milliseconds by node, round by round."""
    for _ in range(_WARM_ROUNDS):
        timed.round(inputs)
    rounds: list[Mapping[str, float]] = []
    deadline = time.perf_counter() + seconds
    while len(rounds) < _FEWEST_ROUNDS or (len(rounds) < _MOST_ROUNDS and time.perf_counter() < deadline):
        rounds.append(timed.round(inputs))
    return rounds


class _Stopwatch(Protocol):
    """Times calls, one after another."""

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        """Do some work under a name, and return what it returns."""
        ...

    def read(self) -> Mapping[str, float]:
        """Milliseconds by name since the last reading."""
        ...


class _Clock:
    """The processor's own."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        self._seconds[name] += time.perf_counter() - began
        return result

    def read(self) -> Mapping[str, float]:
        seconds, self._seconds = self._seconds, defaultdict(float)
        return {name: 1000 * value for name, value in seconds.items()}


class _Events:
    """Marks in a CUDA stream: the host goes on meanwhile, so that launches overlap with work as they do in use."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._events: dict[str, tuple[torch.cuda.Event, torch.cuda.Event]] = {}

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        began, ended = _event(), _event()
        stream = torch.cuda.current_stream(self._device)
        began.record(stream)
        result = work()
        ended.record(stream)
        self._events[name] = began, ended
        return result

    def read(self) -> Mapping[str, float]:
        torch.cuda.synchronize(self._device)
        events, self._events = self._events, {}
        return {name: began.elapsed_time(ended) for name, (began, ended) in events.items()}


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def _stopwatch(device: torch.device) -> _Stopwatch:
    return _Events(device) if device.type == "cuda" else _Clock()


class _Timed(fx.Interpreter):
    """Runs a module's nodes one by one under a stopwatch."""

    def __init__(self, module: fx.GraphModule, watch: _Stopwatch) -> None:
        super().__init__(module)
        self._watch = watch

    def round(self, inputs: Sequence[torch.Tensor]) -> Mapping[str, float]:
        """Milliseconds by node of one run."""
        self.run(*inputs)
        return self._watch.read()

    @override
    def run_node(self, n: fx.Node) -> Any:
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        work = getattr(self, n.op)
        if n.op not in ("call_function", "call_module"):
            return work(n.target, args, kwargs)
        return self._watch.call(n.name, lambda: work(n.target, args, kwargs))


def with_times(recipe: Recipe, network: Network, device: torch.device, resume: Checkpoint | None) -> Recipe:
    """The recipe that a run goes by: where it counts latency and tells no times, the layers are timed now.

    A resumed run goes by the times of its checkpoint, so that it ends with the same bits.
    """
    latency = recipe.latency or Latency()
    if latency.layers or not counts_latency(recipe.prune, recipe.sparsify):
        return recipe
    known = Place.latency_of(resume.state) if resume else None
    if known is None:
        known = time_layers(network, latency.batch_size, device).told(latency.batch_size)
    return recipe.model_copy(update={"latency": known})

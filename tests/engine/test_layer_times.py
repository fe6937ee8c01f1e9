"""Timing the layers of a network."""

import pytest
import torch
from torch import nn

from backend.domain.errors import JobFailure
from backend.domain.latencies import Latency, latency_misfit
from tests.engine.constructs import BY_NAME
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, small_mlp
from tests.engine.zoo_cases import captured
from worker.engine import layer_times
from worker.engine.layer_times import LayerTimes, time_layers, with_times
from worker.engine.network import build, summarize
from worker.engine.run import run

FIXED = {"criterion": {"kind": "fisher"}, "cost": {"kind": "fixed", "counted": "latency"}}


class _Clock:
    """A clock that every question moves on: `calls` counts them."""

    def __init__(self) -> None:
        self.calls = 0

    def perf_counter(self) -> float:
        self.calls += 1
        return self.calls * 0.001


def test_every_layer_is_timed_and_what_runs_behind_it(monkeypatch):
    monkeypatch.setattr(layer_times, "time", _Clock())
    network = small_lenet()
    found = time_layers(network, 1, CPU, seconds=0.0)
    assert list(found.layers) == [layer.name for layer in summarize(network).layers]
    # one tick a node: each layer is one; behind them come activations, pooling and the flatten
    assert list(found.layers.values()) == pytest.approx([1.0] * 4)
    assert found.behind == pytest.approx({"conv1": 2.0, "conv2": 3.0, "fc1": 1.0, "fc2": 0.0})
    assert found.rest == 0.0
    assert found.total == pytest.approx(10.0)
    assert found.rounds == 3


def test_a_layer_that_is_used_twice_counts_both_times(monkeypatch):
    monkeypatch.setattr(layer_times, "time", _Clock())
    network = BY_NAME["tied_weights"].network(torch.float32)
    found = time_layers(network, 2, CPU, seconds=0.0)
    assert found.layers["wide"] == pytest.approx(2.0)


class _Fork(nn.Module):
    """Two layers read what is doubled first, and are put side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.last = nn.Linear(256, 6), nn.Linear(256, 2), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        doubled = x.flatten(1) * 2
        return self.last(torch.cat([self.left(doubled), self.right(doubled).relu()], 1).relu())


def test_what_runs_on_several_layers_counts_for_each_by_its_width_and_what_runs_before_them_for_none(monkeypatch):
    monkeypatch.setattr(layer_times, "time", _Clock())
    found = time_layers(captured(_Fork().eval(), (1, 16, 16)), 1, CPU, seconds=0.0)
    assert found.rest == pytest.approx(2.0)
    # the concatenation and the activation behind it are of 6 outputs of the one and 2 of the other
    assert found.behind == pytest.approx({"left": 2 * 6 / 8, "right": 1 + 2 * 2 / 8, "last": 0.0})


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_nothing_is_timed_twice_or_forgotten_whatever_the_network(name, monkeypatch):
    monkeypatch.setattr(layer_times, "time", _Clock())
    network = BY_NAME[name].network(torch.float32)
    found = time_layers(network, 2, CPU, seconds=0.0)
    calls = [node for node in build(network).graph.nodes if node.op in ("call_function", "call_module")]
    assert found.total == pytest.approx(len(calls), abs=0.01)
    assert latency_misfit(summarize(network), found.told(2)) is None


def test_on_a_gpu_marks_in_the_stream_tell_times_and_the_host_waits_once_a_round(monkeypatch):
    told = []

    class Mark:
        def __init__(self) -> None:
            self.place = 0

        def record(self, stream: str) -> None:
            told.append(stream)
            self.place = len(told)

        def elapsed_time(self, end: "Mark") -> float:
            assert told[-1] == "waited"
            return 2.5 * (end.place - self.place)

    monkeypatch.setattr(layer_times, "_event", Mark)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: "stream")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _device: told.append("waited"))
    watch = layer_times._stopwatch(torch.device("cuda:0"))
    for _ in range(2):
        told.clear()
        assert [watch.call(name, lambda name=name: name) for name in ("a", "b")] == ["a", "b"]
        assert watch.read() == {"a": 2.5, "b": 2.5}
        assert told == ["stream"] * 4 + ["waited"]


def test_a_batch_that_does_not_fit_names_what_to_lower(monkeypatch):
    def too_large(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr(layer_times, "example_inputs", too_large)
    with pytest.raises(JobFailure) as refusal:
        time_layers(small_lenet(), 65_536, CPU)
    assert "latency.batch_size" in refusal.value.hint


def test_a_layer_of_a_thousand_times_the_operations_takes_longer():
    found = time_layers(small_mlp(widths=(3000, 4)), 8, CPU, seconds=0.2)
    assert found.layers["fc1"] > 3 * found.layers["fc3"] > 0
    assert 3 <= found.rounds <= 200


def test_measured_times_are_a_list_that_fits_the_network():
    network = small_lenet()
    told = time_layers(network, 1, CPU, seconds=0.05).told(1)
    assert latency_misfit(summarize(network), told) is None
    assert told.milliseconds_behind.keys() == {"conv1", "conv2", "fc1"}


def test_times_keep_four_digits_and_are_never_zero():
    told = LayerTimes({"a": 123456.0, "b": 1e-6, "c": 0.0123456}, {"a": 0.0, "b": 0.123456, "c": 0.0}, 0.0, 3).told(1)
    assert told.milliseconds == {"a": 123500.0, "b": 1e-6, "c": 0.01235}
    assert told.milliseconds_behind == {"b": 0.1235}


def test_layers_are_timed_only_where_time_counts_and_is_not_told(monkeypatch):
    batches = []
    monkeypatch.setattr(
        layer_times,
        "time_layers",
        lambda _network, batch, _device: batches.append(batch) or LayerTimes({"a": 2.0}, {"a": 1.0}, 0, 3),
    )
    network, plain = small_lenet(), recipe()
    assert with_times(plain, network, CPU, None) is plain
    told = recipe(prune=FIXED, latency={"layers": ["a=1"]})
    assert with_times(told, network, CPU, None) is told
    assert not batches
    filled = with_times(recipe(prune=FIXED, latency={"batch_size": 16}), network, CPU, None)
    assert filled.latency == Latency(layers=("a=2",), behind=("a=1",), batch_size=16)
    assert with_times(recipe(prune=FIXED), network, CPU, None).latency == Latency(layers=("a=2",), behind=("a=1",))
    assert batches == [16, 1]


def test_what_a_run_measured_repeats_it_with_the_same_bits():
    measured = recipe(prune=FIXED | {"schedule": {"kind": "greedy", "training_steps": 1}, "points": 1})
    outputs = list(run(small_lenet(), blobs(), measured, CPU, should_stop=lambda: False))
    layout = outputs[0].layout
    assert set(layout.latency.milliseconds) == {layer.name for layer in layout.layers}
    told = measured.model_copy(update={"latency": layout.latency})
    again = collect_run(small_lenet(), blobs(), told)
    assert again.records == [output.record for output in outputs if hasattr(output, "record")]


def test_times_of_other_layers_are_refused_before_anything_is_trained():
    chosen = recipe(prune=FIXED, latency={"layers": ["conv1=1", "conv2=1", "fc1=1"]})
    with pytest.raises(JobFailure, match="tells no time of `fc2`"):
        collect_run(small_lenet(), blobs(), chosen)

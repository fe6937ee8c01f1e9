"""Timing the layers of a network."""

import pytest
import torch

from backend.domain.errors import JobFailure
from backend.domain.latencies import Latency, latency_misfit
from tests.engine.constructs import BY_NAME
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, small_mlp
from worker.engine import layer_times
from worker.engine.layer_times import LayerTimes, time_layers, with_times
from worker.engine.network import summarize
from worker.engine.run import run

FIXED = {"criterion": {"kind": "fisher"}, "cost": {"kind": "fixed", "counted": "latency"}}


class _Clock:
    """A clock that every question moves on: `calls` counts them."""

    def __init__(self) -> None:
        self.calls = 0

    def perf_counter(self) -> float:
        self.calls += 1
        return self.calls * 0.001


def test_every_layer_is_timed_and_the_rest_apart(monkeypatch):
    monkeypatch.setattr(layer_times, "time", _Clock())
    network = small_lenet()
    found = time_layers(network, 1, CPU, seconds=0.0)
    assert list(found.layers) == [layer.name for layer in summarize(network).layers]
    # one tick a node: each layer is one, and activations, pooling and the flatten are the rest
    assert list(found.layers.values()) == pytest.approx([1.0] * 4)
    assert found.rest == pytest.approx(6.0)
    assert found.total == pytest.approx(10.0)
    assert found.rounds == 3


def test_a_layer_that_is_used_twice_counts_both_times(monkeypatch):
    monkeypatch.setattr(layer_times, "time", _Clock())
    network = BY_NAME["tied_weights"].network(torch.float32)
    found = time_layers(network, 2, CPU, seconds=0.0)
    assert found.layers["wide"] == pytest.approx(2.0)


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
    lines = time_layers(network, 1, CPU, seconds=0.05).lines()
    assert latency_misfit(summarize(network), Latency(layers=lines)) is None


def test_times_keep_four_digits_and_are_never_zero():
    lines = LayerTimes({"a": 123456.0, "b": 1e-6, "c": 0.0123456}, 0.0, 3).lines()
    assert Latency(layers=lines).milliseconds == {"a": 123500.0, "b": 1e-6, "c": 0.01235}


def test_layers_are_timed_only_where_time_counts_and_is_not_told(monkeypatch):
    batches = []
    monkeypatch.setattr(
        layer_times,
        "time_layers",
        lambda _network, batch, _device: batches.append(batch) or LayerTimes({"a": 2.0}, 0, 3),
    )
    network, plain = small_lenet(), recipe()
    assert with_times(plain, network, CPU, None) is plain
    told = recipe(prune=FIXED, latency={"layers": ["a=1"]})
    assert with_times(told, network, CPU, None) is told
    assert not batches
    filled = with_times(recipe(prune=FIXED, latency={"batch_size": 16}), network, CPU, None)
    assert filled.latency == Latency(layers=("a=2",), batch_size=16)
    assert with_times(recipe(prune=FIXED), network, CPU, None).latency == Latency(layers=("a=2",))
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

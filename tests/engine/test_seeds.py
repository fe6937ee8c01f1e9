"""Random streams go on where a checkpoint left them."""

import pytest
import torch

from worker.engine.seeds import Generators

CUDA = torch.device("cuda:0")


@pytest.fixture
def device_states(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """States that a device was given."""
    given: list[torch.Tensor] = []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda _device: torch.tensor([7]))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, _device: given.append(state))
    return given


def drawn(generators: Generators) -> list[float]:
    return [float(torch.rand(1, generator=generators["criterion"])), float(torch.rand(1))]


def test_streams_go_on_where_they_were():
    generators = Generators(0, ("criterion",), torch.device("cpu"))
    drawn(generators)
    states = generators.tensors()
    expected = drawn(generators)
    other = Generators(1, ("criterion",), torch.device("cpu"))
    assert drawn(other) != expected
    other.restore(states)
    assert drawn(other) == expected


def test_what_began_on_the_processor_goes_on_on_a_device(device_states: list[torch.Tensor]):
    Generators(0, (), CUDA).restore(Generators(0, (), torch.device("cpu")).tensors())
    assert device_states == []
    Generators(0, (), CUDA).restore(Generators(0, (), CUDA).tensors())
    assert [int(state) for state in device_states] == [7]

"""Fresh weights: every layer is drawn as it is when it is made, whatever it holds now."""

import pytest
import torch

from tests.engine.runs import small_lenet, weights_hash
from worker.engine.network import Network
from worker.engine.retraining.fresh import fresh_weights
from worker.engine.seeds import named_generator
from worker.zoo.fresh import initialize

SHAPE = (1, 16, 16)


def spoiled(network: Network) -> Network:
    """The same network with weights that no initializer would give."""
    tensors = {
        name: tensor * 0 + 7 if tensor.is_floating_point() else tensor for name, tensor in network.tensors.items()
    }
    return Network(network.graph, tensors)


def fresh(network: Network, seed: int = 0) -> dict[str, torch.Tensor]:
    return fresh_weights(network, named_generator(seed, "initialization"))


@pytest.mark.parametrize("name", ["lenet300", "resnet20", "lstm"])
def test_a_trained_networks_fresh_weights_are_distributed_as_those_of_a_new_one(name: str) -> None:
    new = initialize(name, SHAPE, 4, seed=3).tensors
    drawn = fresh(spoiled(initialize(name, SHAPE, 4, seed=3)))
    assert set(drawn) == {key for key, tensor in new.items() if tensor.is_floating_point()}
    for key, tensor in new.items():
        assert drawn[key].shape == tensor.shape
        if tensor.numel() >= 400:  # the standard error of a uniform deviation from 400 draws is 2 %
            assert drawn[key].std() == pytest.approx(tensor.std().item(), rel=0.1)
            assert drawn[key].abs().max() == pytest.approx(tensor.abs().max().item(), rel=0.05)
        if tensor.std() == 0:
            assert torch.equal(drawn[key], tensor), key


def test_a_norm_begins_without_memory() -> None:
    drawn = fresh(spoiled(initialize("resnet20", SHAPE, 4, seed=0)))
    values = {suffix: drawn[f"bn1.{suffix}"].unique().tolist() for suffix in ("weight", "running_mean", "running_var")}
    assert values == {"weight": [1.0], "running_mean": [0.0], "running_var": [1.0]}


def test_bounds_follow_the_fan_in() -> None:
    drawn = fresh(small_lenet())
    for name, tensor in drawn.items():
        layer = name.rpartition(".")[0]
        fan_in = drawn[f"{layer}.weight"][0].numel()
        assert tensor.abs().max() <= fan_in**-0.5


def test_what_no_layer_holds_keeps_its_scale() -> None:
    network = initialize("vit_small", SHAPE, 4, seed=0)
    held = {name for name in network.tensors if name.rpartition(".")[2] in ("weight", "bias")}
    (name,) = [key for key, tensor in network.tensors.items() if key not in held and tensor.numel() > 1000]
    trained = 5 + 3 * torch.randn(network.tensors[name].shape, generator=torch.Generator().manual_seed(0))
    drawn = fresh(Network(network.graph, {**network.tensors, name: trained}))[name]
    assert drawn.mean() == pytest.approx(5, abs=0.4)
    assert drawn.std() == pytest.approx(3, rel=0.1)
    assert not torch.allclose(drawn, trained)


def test_fresh_weights_follow_from_the_seed_alone() -> None:
    network = initialize("resnet20", SHAPE, 4, seed=0)
    state = torch.get_rng_state()
    first, again, other = fresh(network), fresh(network), fresh(network, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])
    assert weights_hash(Network(network.graph, first)) != weights_hash(network)

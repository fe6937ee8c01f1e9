"""Bits that weights need: by the round-off of a step, of what is left, and of products of random variables."""

import pytest
import torch
from torch import Tensor

from backend.domain.regularizers import BayesianCompressionRegularizer, VariationalDropoutRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, small_mlp
from worker.engine.network import Network
from worker.engine.regularizers.bayesian_compression import BayesianCompression
from worker.engine.regularizers.variational_dropout import VariationalDropout
from worker.engine.weight_bits import significands, weight_bits


def test_a_step_stays_above_the_noise():
    """The largest t with 2 v < 2^-t, found by trying them all."""
    variances = torch.tensor([1e-12, 2**-24 / 2, 1e-5, 0.0312, 0.03125, 0.1, 0.2499, 0.25, 3.0], dtype=torch.float64)
    expected = [max([t for t in range(1, 24) if 2 * value < 2.0**-t], default=0) for value in variances.tolist()]
    assert significands(variances).tolist() == expected
    assert expected[-2:] == [0, 0]
    assert expected[0] == 23


def mlp(weights: dict[str, Tensor]) -> Network:
    network = small_mlp(widths=(3, 2))
    for name, tensor in weights.items():
        network.tensors[name].copy_(tensor)
    return network


def test_a_layer_has_a_sign_the_size_of_its_largest_weight_and_the_mean_worth_of_what_is_left():
    network = mlp({"fc2.weight": torch.tensor([[0.5, -5.9, 0.0], [0.1, 0.0, 0.0]])})
    worth = torch.tensor([[3, 4, 23], [6, 23, 23]], dtype=torch.uint8)
    found = weight_bits(network, network, {"fc2.weight": worth})
    assert found.layers == (None, 1 + 3 + 5, None)  # 5 needs three bits; (3 + 4 + 6) / 3 rounded up
    plain = sum(tensor.numel() * 4 for tensor in network.tensors.values())
    assert plain - found.bytes == 6 * 4 - 5  # three weights of nine bits and a bitmap: 4.375 bytes, rounded up


def test_without_posteriors_nothing_is_told():
    assert weight_bits(small_mlp(), small_mlp(), {}) is None


@pytest.mark.parametrize("prior", ["normal_jeffreys", "horseshoe"])
def test_the_variance_of_a_weight_is_that_of_its_draws(prior):
    trainee = dense(small_mlp(widths=(4, 3)))
    spec = BayesianCompressionRegularizer(prior=prior, initial_log_variance=-3.0)
    regularizer = BayesianCompression(spec, ground_of(trainee))
    found = regularizer.variances()["fc2.weight"]
    draws = torch.stack([regularizer.weights()["fc2.weight"].detach() for _ in range(4000)]).double()
    torch.testing.assert_close(draws.var(0) / found, torch.ones_like(found), atol=0.2, rtol=0)


def test_variational_dropout_tells_the_variance_of_every_weight():
    trainee = dense(small_mlp(widths=(4, 3)))
    regularizer = VariationalDropout(VariationalDropoutRegularizer(initial_log_variance=-5.0), ground_of(trainee))
    found = regularizer.variances()
    assert set(found) == {"fc1.weight", "fc2.weight", "fc3.weight"}
    assert all(float(value.max()) == pytest.approx(torch.tensor(-5.0).exp().item()) for value in found.values())


def test_a_run_tells_the_bits_of_the_network_that_it_hands_out():
    regularizer = {"kind": "bayesian_compression", "noise": "activations", "initial_log_variance": -7.0}
    chosen = recipe(
        sparsify={"epochs": 1, "regularizer": regularizer},
        prune={"criterion": {"kind": "learned"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 2},
        retrain={"epochs": 0},
    )
    points = [finished.point for finished in collect_run(small_lenet(), blobs(), chosen).points]
    assert points[0].weight_bits is None
    for point in points[1:]:
        first, *others = point.weight_bits.layers
        assert first is None  # it reads inputs, which have no scales
        assert all(bits is not None and 1 <= bits <= 12 for bits in others)  # exp(-7) is worth nine bits
        assert point.weight_bits.bytes < 4 * point.parameters
        assert f"{point.weight_bits.bytes:,} bytes in all: an estimate, not what files hold" in point.notices[-1]
    assert points[2].weight_bits.bytes < points[1].weight_bits.bytes

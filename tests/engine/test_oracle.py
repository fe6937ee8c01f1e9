"""The judge of removal: it accepts what is exact, and finds cuts that are not."""

import pytest
import torch

from tests.engine import oracle
from tests.engine.zoo_cases import LENET5, RESNET20, VGG_SMALL, case_name


@pytest.mark.parametrize("sparsity", [0.3, 0.5])
@pytest.mark.parametrize("dtype", oracle.TOLERANCES, ids=case_name)
@pytest.mark.parametrize("case", [LENET5, VGG_SMALL, RESNET20], ids=case_name)
def test_the_zoo_passes(case, dtype, sparsity):
    network = case.network(dtype)
    keep = oracle.random_keep(network, sparsity)
    thin = oracle.assert_removal_is_exact(case.module(dtype), network, [case.inputs(8, dtype)], keep, rows="noise")
    if dtype == torch.float32 and sparsity == 0.5:
        oracle.assert_learns(thin, [case.inputs(8)])


def test_removed_channels_are_the_ones_asked_for():
    kept = oracle.kept_elements(LENET5.network(), {"conv1": torch.arange(20) != 3})
    assert torch.equal(kept["conv1.weight"].reshape(20, -1).all(1), torch.arange(20) != 3)
    assert torch.equal(kept["conv2.weight"].transpose(0, 1).reshape(20, -1).all(1), torch.arange(20) != 3)
    assert bool(kept["fc1.weight"].all())


@pytest.mark.parametrize("name", ["conv1.weight", "layer1.0.bn2.weight", "layer1.1.conv1.weight"])
def test_a_cut_in_the_wrong_place_is_found(name, monkeypatch):
    network = RESNET20.network(torch.float64)
    keep = oracle.random_keep(network, 0.5)
    right = oracle.remove

    def wrong(network, keep):
        thin = right(network, keep)
        tensors = dict(thin.tensors)
        tensors[name] = tensors[name].roll(1, dims=0)
        return type(thin)(thin.graph, tensors)

    oracle.assert_removal_is_exact(RESNET20.module(torch.float64), network, [RESNET20.inputs(8, torch.float64)], keep)
    monkeypatch.setattr(oracle, "remove", wrong)
    with pytest.raises(AssertionError, match="off by"):
        oracle.assert_removal_is_exact(
            RESNET20.module(torch.float64), network, [RESNET20.inputs(8, torch.float64)], keep
        )

"""Every kind of attention, norm and recurrence by itself: what goes as one, what stays, and that removal is exact."""

from functools import cache

import pytest
import torch
from torch import nn

from tests.engine import constructs_heads as kinds
from tests.engine import oracle
from tests.engine.kept_statistics import over_kept_channels
from worker.engine.coupling import find_groups, find_locks
from worker.engine.network import Network, build, capture
from worker.engine.surgery import remove

PROJ = {"proj": (8, "channel")}
HEADS = {"q": (4, "head")} | PROJ
GROUPS: dict[type[nn.Module], dict[str, tuple[int, str]]] = {
    kinds.CosineAttention: HEADS,
    kinds.TalkingHeads: {"q": (4, "head"), "v": (4, "head"), "before": (4, "channel")} | PROJ,
    kinds.NormedHeads: HEADS,
    kinds.SingleHead: {"q": (8, "head_dim"), "v": (8, "channel")} | PROJ,
    kinds.BiasedHeads: HEADS,
    kinds.GroupedHeads: {"q": (2, "head")} | PROJ,
    kinds.SharedKeys: HEADS,
    kinds.CrossCovariance: HEADS,
    kinds.SilentKeys: {"qkv": (4, "head")} | PROJ,
    kinds.WeightsToo: {"attention": (4, "head"), "attention.out_proj": (8, "channel")},
    kinds.Normalized: {"a": (10, "channel"), "b": (12, "channel")},
    kinds.GroupedStream: {"a": (4, "group"), "c": (6, "channel")},
    kinds.ProjectedBothWays: {"a": (6, "channel"), "lstm": (10, "hidden"), "lstm#2": (4, "hidden")},
    kinds.LastCell: {"rnn": (5, "hidden"), "gru": (6, "hidden"), "lstm": (7, "hidden")},
}
pytestmark = [
    pytest.mark.filterwarnings("ignore:The tensor attributes"),  # tracing a recurrent layer flattens its weights
    pytest.mark.filterwarnings("ignore:LSTM with projections"),
]
KINDS = pytest.mark.parametrize("kind", GROUPS, ids=lambda kind: kind.__name__)


@cache
def made(kind: type[nn.Module], dtype: torch.dtype) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = kind()
    for layer in module.modules():
        if "Norm" in type(layer).__name__ and hasattr(layer, "weight"):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
    return module.to(dtype).eval()


def inputs(count: int, dtype: torch.dtype) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, kinds.LENGTH, kinds.WIDTH, generator=generator).to(dtype)


@cache
def network_of(kind: type[nn.Module], dtype: torch.dtype) -> Network:
    return capture(made(kind, dtype), (inputs(2, dtype),), "test")


@KINDS
def test_what_goes_as_one(kind):
    network = network_of(kind, torch.float64)
    assert {group.name: (group.width, group.unit) for group in find_groups(network)} == GROUPS[kind]


@KINDS
@pytest.mark.parametrize("dtype", oracle.TOLERANCES, ids=str)
@pytest.mark.parametrize("sparsity", [0.3, 0.5])
def test_removal_is_what_the_dense_network_says(kind, sparsity, dtype):
    network = network_of(kind, dtype)
    keep = oracle.random_keep(network, sparsity)
    reference = oracle.silenced(over_kept_channels(made(kind, dtype)), oracle.kept_elements(network, keep))
    thin = build(remove(network, keep))
    for size in oracle.BATCH_SIZES:
        batch = inputs(size, dtype)
        for is_training in (False, True):
            with torch.no_grad():
                error = oracle.difference(reference(batch), thin.train(is_training)(batch))
            assert error <= oracle.TOLERANCES[dtype], f"off by {error:.2g} at batch {size}"


@KINDS
def test_the_thinner_network_learns(kind):
    network = network_of(kind, torch.float32)
    thin = build(remove(network, oracle.random_keep(network, 0.5)))
    oracle.assert_learns(thin, [inputs(8, torch.float32)])


def test_the_scale_of_a_single_head_stays_what_it_was():
    network = network_of(kinds.SingleHead, torch.float64)
    thin = remove(network, {"q": torch.arange(8) < 3})
    (step,) = (step for step in thin.steps if step.kind == "scaled_dot_product_attention")
    assert step.bound["scale"] == pytest.approx(8**-0.5)


def test_keys_that_all_heads_share_stay_and_the_reason_is_given():
    locks = {lock.layer: lock.reason for lock in find_locks(network_of(kinds.SharedKeys, torch.float64))}
    assert "every head" in locks["k"]

"""Networks in which no channel can have a gate: said before anything is trained."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.presets import PRESETS
from backend.domain.without_effect import without_effect
from tests.engine.constructs import BY_NAME
from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet
from tests.engine.zoo_cases import captured
from worker.engine.coupling import find_groups
from worker.engine.network import Network, summarize
from worker.engine.regularizers.readers import reading_members
from worker.engine.run import run


class Attention(nn.Module):
    """All that can go are places of queries and keys, which only their product reads."""

    def __init__(self) -> None:
        super().__init__()
        self.queries, self.keys = nn.Linear(16, 8, bias=False), nn.Linear(16, 8, bias=False)
        self.out = nn.Linear(256, 4)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.squeeze(1)
        weights = torch.softmax(self.queries(rows) @ self.keys(rows).transpose(1, 2), -1)
        return self.out((weights @ rows).flatten(1))


SHAPE = (1, 16, 16)
ATTENTION = captured(Attention().eval(), SHAPE)
ONE_LAYER = captured(nn.Sequential(nn.Flatten(), nn.Linear(256, 4)).eval(), SHAPE)
ONE_SHOT = {"criterion": {"kind": "magnitude"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1}
BY_GATES = ONE_SHOT | {"criterion": {"kind": "learned"}}
WEIGHTS = ONE_SHOT | {"granularity": {"kind": "unstructured"}}


def sections(prune: dict[str, Any], regularizer: dict[str, Any]) -> dict[str, Any]:
    sparsify = {"epochs": 1, "regularizer": regularizer}
    return {"target": {"kind": "sparsity", "sparsity": 0.02}, "prune": prune, "sparsify": sparsify}


@pytest.mark.parametrize(
    ("network", "prune", "kind", "told"),
    [
        (ATTENTION, BY_GATES, "l0_hard_concrete", "those of `queries`, `keys` are read by other operations"),
        (ATTENTION, WEIGHTS, "targeted_dropout", "those of `queries`, `keys` are read by other operations"),
        (ONE_LAYER, WEIGHTS, "bayesian_compression", "there are none"),
        (ONE_LAYER, WEIGHTS, "group_lasso", "there are none"),
        (small_lenet(), WEIGHTS | {"pins": ["conv1", "conv2", "fc1"]}, "l1_masks", "there are none"),
    ],
)
def test_it_is_said_before_the_dense_network_is_trained(
    network: Network, prune: dict[str, Any], kind: str, told: str
) -> None:
    chosen = recipe(**sections(prune, {"kind": kind}), dense={"epochs": 1})
    with pytest.raises(JobFailure, match=told) as failure:
        next(run(network, blobs(), chosen, CPU, should_stop=lambda: False))
    assert failure.value.code is FailureCode.INVALID_RECIPE


@pytest.mark.parametrize(
    ("network", "prune", "regularizer"),
    [
        (ATTENTION, ONE_SHOT, {"kind": "group_lasso"}),
        (ATTENTION, ONE_SHOT, {"kind": "sparse_group_lasso", "lines": "incoming"}),
        (ONE_LAYER, WEIGHTS, {"kind": "l0_hard_concrete", "gated": "weights"}),
        (ONE_LAYER, WEIGHTS, {"kind": "variational_dropout"}),
    ],
)
def test_what_is_offered_instead_runs(network: Network, prune: dict[str, Any], regularizer: dict[str, Any]) -> None:
    result = collect_run(network, blobs(), recipe(**sections(prune, regularizer)))
    assert result.points[-1].point.index == 1


@pytest.mark.parametrize("network", [ATTENTION, small_lenet()])
def test_the_summary_tells_of_every_group_whether_weights_alone_read_it(network: Network) -> None:
    told = [group.takes_gates for group in summarize(network).groups]
    assert told == [bool(reading_members(network, group)) for group in find_groups(network)]
    assert told == [network is not ATTENTION] * len(told) != []


@pytest.mark.parametrize(
    ("name", "told"), [("grouped_query_attention", "`embed`, `o_proj`, `down`"), ("tied_weights", "`embed`, `narrow`")]
)
def test_layers_without_gates_are_told_before_the_run(name: str, told: str) -> None:
    summary = summarize(BY_NAME[name].network())
    (sentence,) = without_effect(summary, PRESETS["louizos2018-l0"].recipe)
    assert f"does not reach the channels of {told}" in sentence
    assert without_effect(summary, PRESETS["wen2016-ssl"].recipe) == ()

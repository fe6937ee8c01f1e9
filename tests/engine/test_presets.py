"""Every preset on networks that nobody made for it, as uploaded ones are: it reaches its target, or is refused."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from backend.domain.errors import FailureCode, JobFailure
from backend.domain.presets import PRESETS
from backend.domain.recipe import Recipe
from tests.engine.runs import CLASSES, Collected, blobs, collect_run, weights_hash
from worker.engine.checkpoint import Checkpoint
from worker.engine.network import Network, capture, summarize

_WIDTH, _HEADS = 8, 4
_TARGETS = {"macs": {"density": 0.7}, "sparsity": {"sparsity": 0.25}}
"""What every preset can reach here, whatever its own target is."""
_LEAST_TARGET_OF_WEIGHTS = 0.6


class Uploaded(nn.Module):
    """A convolution with batch norm, a residual block, attention over places, and a hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, _WIDTH, 3, stride=4, padding=1, bias=False), nn.BatchNorm2d(_WIDTH)
        self.block = nn.Sequential(
            nn.Conv2d(_WIDTH, 6, 3, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, _WIDTH, 1, bias=False),
            nn.BatchNorm2d(_WIDTH),
        )
        self.before, self.attention = nn.LayerNorm(_WIDTH), nn.MultiheadAttention(_WIDTH, _HEADS, batch_first=True)
        self.hidden, self.drop, self.head = nn.Linear(_WIDTH, 12), nn.Dropout(0.2), nn.Linear(12, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.stem(x)))
        x = functional.relu(x + self.block(x)).flatten(2).transpose(1, 2)
        inner = self.before(x)
        x = x + self.attention(inner, inner, inner, need_weights=False)[0]
        return self.head(self.drop(functional.relu(self.hidden(x.mean(1)))))


class Strided(nn.Module):
    """Grouped, depthwise and transposed convolutions, whose rows a recurrent layer reads."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, _WIDTH, 4, stride=4, bias=False), nn.BatchNorm2d(_WIDTH)
        self.grouped = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, groups=2)
        self.depthwise = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, groups=_WIDTH)
        self.up = nn.ConvTranspose2d(_WIDTH, 6, 2, stride=2, bias=False)
        self.up_norm = nn.BatchNorm2d(6)
        self.memory, self.head = nn.GRU(48, 10, batch_first=True), nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.norm(self.stem(x)))
        x = functional.relu(self.depthwise(functional.relu(self.grouped(x))))
        x = functional.relu(self.up_norm(self.up(x)))
        return self.head(self.memory(x.transpose(1, 2).flatten(2))[0][:, -1])


_MODULES: dict[str, Callable[[], nn.Module]] = {"attention": Uploaded, "recurrent": Strided}
_REFUSED = {"wen2016-ssl-depth": "the network has no such layer whose channels can go"}
"""On the network without a shortcut: all other presets run there."""
_CASES = (
    *((name, "attention") for name in PRESETS),
    *((name, "recurrent") for name in PRESETS if name not in _REFUSED),
)


@cache
def uploaded(kind: str = "attention") -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return capture(_MODULES[kind]().eval(), (torch.randn(2, 1, 16, 16),), "uploaded")


def on_a_small_scale(recipe: Recipe, network: Network) -> Recipe:
    """The same method in a few steps; where it wants batch norms, layers without one are pinned, as it is advised."""
    value: dict[str, Any] = recipe.model_dump(mode="json")
    prune = value["prune"]
    is_unstructured = prune["granularity"]["kind"] == "unstructured"
    value["target"] |= {"sparsity": _LEAST_TARGET_OF_WEIGHTS} if is_unstructured else _TARGETS[value["target"]["kind"]]
    prune |= {"points": min(2, prune["points"]), "dead_channels": "keep"}  # so that targets are met to the last weight
    if prune["criterion"]["kind"] == "batch_norm_scale":
        groups = summarize(network).groups
        prune["pins"] = [layer for group in groups if not group.batch_norms for layer in group.layers]
        value["target"] = {"kind": "macs", "density": 0.9}
    schedule = {"greedy": {"channels": 2}, "cubic": {"removals": 2}, "one_shot": {}}[prune["schedule"]["kind"]]
    prune["schedule"] |= schedule | {"training_steps": 1}
    value["data"]["batch_size"] = 12
    in_turn = value["retrain"]["parts"] == "in_turn"
    value["retrain"] |= {"epochs": 2 if in_turn else 1, "steps_per_record": 2}
    for section in ("dense", "sparsify"):
        if value[section] is not None:
            value[section] |= {"epochs": 1, "steps_per_record": 2}
    if value["dense"] is not None:
        value["dense"]["keep_step"] = min(2, value["dense"]["keep_step"])
    return Recipe.model_validate(value)


def essence(result: Collected) -> list[tuple[object, ...]]:
    return [(finished.point, weights_hash(finished.network)) for finished in result.points]


@pytest.mark.filterwarnings("ignore:The tensor attributes")  # tracing a GRU flattens its weights
@pytest.mark.parametrize(("name", "kind"), _CASES)
def test_every_preset_reaches_its_target_and_resumes_to_the_same_bits(name: str, kind: str) -> None:
    network, data = uploaded(kind), blobs(40, 12)
    chosen = on_a_small_scale(PRESETS[name].recipe, network)
    whole = collect_run(network, data, chosen)
    point = whole.points[-1].point
    assert point.is_target
    if chosen.target.kind == "sparsity":
        assert point.sparsity >= chosen.target.sparsity - 1e-9
    else:
        assert point.macs <= chosen.target.density * summarize(network).macs
    middle = whole.checkpoints[len(whole.checkpoints) // 2]
    again = essence(collect_run(network, data, chosen, Checkpoint.from_bytes(middle.to_bytes())))
    assert again == essence(whole)[-len(again) :]


@pytest.mark.parametrize("name", list(_REFUSED))
def test_presets_that_do_not_suit_a_network_are_refused(name: str) -> None:
    network = uploaded("recurrent")
    with pytest.raises(JobFailure, match=_REFUSED[name]) as failure:
        collect_run(network, blobs(40, 12), on_a_small_scale(PRESETS[name].recipe, network))
    assert failure.value.code is FailureCode.INVALID_RECIPE


@pytest.mark.parametrize("allocation", ["erk", "lamp"])
def test_allocations_by_size_and_by_shares_of_norms_divide_channels_too(allocation: str) -> None:
    network = uploaded()
    value = on_a_small_scale(PRESETS["li2017-filter-l1"].recipe, network).model_dump(mode="json")
    value["prune"] |= {"allocation": {"kind": allocation}, "points": 2}
    whole = collect_run(network, blobs(40, 12), Recipe.model_validate(value))
    assert whole.points[-1].point.is_target
    assert whole.points[-1].point.macs <= value["target"]["density"] * summarize(network).macs

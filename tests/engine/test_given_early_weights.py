"""Runs of a network whose early weights are given: it is not trained again, and rewound to what is given."""

import pytest
import torch
from torch import Tensor

from backend.domain.recipe import Recipe
from backend.domain.reports import Phase
from tests.engine.runs import CPU, Collected, blobs, collect, small_mlp, weights_hash
from tests.engine.test_rewinding import found, sliced, survivors
from worker.engine.checkpoint import Checkpoint
from worker.engine.retraining.early import EarlyWeights, Moments
from worker.engine.run import run


def drawn(seed: int) -> dict[str, Tensor]:
    """Weights of no training at all: whatever is given is what is rewound to."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(tensor.shape, generator=generator) for name, tensor in small_mlp().tensors.items()}


GIVEN: Moments = {"initialization": drawn(1), "keep_step": drawn(2)}


def run_given(chosen: Recipe, early: Moments | None = GIVEN, resume: Checkpoint | None = None) -> Collected:
    outputs = run(small_mlp(), blobs(), chosen, CPU, should_stop=lambda: False, resume=resume, early=early)
    return collect(outputs)


@pytest.mark.parametrize("to", ["initialization", "keep_step"])
def test_it_is_pruned_as_it_is_and_rewound_to_what_is_given(to: str) -> None:
    result = run_given(found({"kind": "rewind", "to": to}))
    assert all(record.phase is not Phase.TRAIN for record in result.records)
    assert result.points[0].point.step == 0
    assert weights_hash(result.points[0].network) == weights_hash(small_mlp())
    for point in (1, 2):
        expected = sliced(GIVEN[to], survivors(result, point))
        tensors = result.points[point].network.tensors
        assert all(torch.allclose(tensors[name], tensor, atol=1e-9) for name, tensor in expected.items())


def test_signs_are_those_of_the_given_first_weights() -> None:
    result = run_given(found({"kind": "sign_kept"}))
    expected = sliced(GIVEN["initialization"], survivors(result, 1))
    tensors = result.points[1].network.tensors
    weights = [name for name in tensors if name.endswith(".weight")]
    assert all(torch.equal(tensors[name].sign(), expected[name].sign()) for name in weights)


def test_such_a_run_goes_on_from_its_checkpoints_to_identical_bits() -> None:
    chosen = found({"kind": "rewind"})
    whole = run_given(chosen)
    for checkpoint in whole.checkpoints:
        rest = run_given(chosen, resume=Checkpoint.from_bytes(checkpoint.to_bytes()))
        assert weights_hash(rest.points[-1].network) == weights_hash(whole.points[-1].network)


def test_what_a_recipe_needs_must_be_given() -> None:
    early = {"initialization": GIVEN["initialization"]}
    with pytest.raises(ValueError, match="no weights of the moment `keep_step` are given"):
        run_given(found({"kind": "rewind"}), early)
    assert EarlyWeights(found({"kind": "rewind", "to": "initialization"}), early).must_train is False
    assert EarlyWeights(found({"kind": "continue"}), {}).must_train is False
    assert EarlyWeights(found({"kind": "continue"})).must_train is True

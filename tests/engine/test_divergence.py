"""What a run says when it diverges, and what it leaves."""

import pytest
import torch

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.runs import CPU, blobs, recipe, small_lenet
from worker.engine.checkpoint import Checkpoint
from worker.engine.divergence import check_finite
from worker.engine.run import run
from worker.engine.trainee import Trainee

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("losses", "weight", "words"),
    [
        ([1.0, NAN, NAN], NAN, ("loss", "step 2 of 3", "`b`")),
        ([1.0, 2.0, 3.0], INFINITY, ("Weights", "step 3 of 3", "`b`")),
        ([INFINITY, 1.0, 1.0], 1.0, ("loss", "step 1 of 3", "all weights are finite")),
    ],
)
def test_the_step_and_the_first_broken_layer_are_named(losses, weight, words):
    tensors = {"a.weight": torch.ones(3), "b.weight": torch.tensor([1.0, weight]), "c.bias": torch.tensor([weight])}
    with pytest.raises(JobFailure) as failure:
        check_finite(torch.tensor(losses), tensors)
    assert failure.value.code is FailureCode.DIVERGED
    assert all(word in failure.value.detail for word in words)
    assert "learning rate" in failure.value.hint


def test_nothing_is_said_of_finite_steps():
    check_finite(torch.tensor([1e30, 0.0]), {"a.weight": torch.tensor([1e30]), "a.index": torch.tensor([1])})


def test_no_checkpoint_holds_weights_that_broke_though_the_loss_was_still_finite(monkeypatch):
    chosen = recipe(prune={"criterion": {"kind": "random"}, "points": 1}, retrain={"epochs": 3, "steps_per_record": 1})
    learn, calls = Trainee.learn, []

    def learn_until_the_tenth_step(trainee: Trainee, *arguments: object) -> None:
        learn(trainee, *arguments)
        calls.append(trainee)
        if len(calls) == 10:
            dict(trainee.module.named_parameters())["conv2.weight"].data[0] = NAN

    monkeypatch.setattr(Trainee, "learn", learn_until_the_tenth_step)
    checkpoints: list[Checkpoint] = []

    def work() -> None:
        outputs = run(small_lenet(), blobs(), chosen, CPU, should_stop=lambda: False)
        checkpoints.extend(output for output in outputs if isinstance(output, Checkpoint))

    with pytest.raises(JobFailure, match=r"Weights .* `conv2`"):
        work()
    assert len(calls) == 10  # the steps before the first removal
    for checkpoint in checkpoints:
        tensors = [tensor for tensor in checkpoint.tensors.values() if tensor.is_floating_point()]
        assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors)

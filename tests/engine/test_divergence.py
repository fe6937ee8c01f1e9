"""What a run says when it diverges, and what it leaves."""

import pytest
import torch
from torch import Tensor, fx

from backend.domain.errors import FailureCode, JobFailure
from tests.engine.runs import CPU, blobs, recipe, small_lenet
from worker.engine.checkpoint import Checkpoint
from worker.engine.divergence import Diverged, check_finite
from worker.engine.evaluation import Evaluation
from worker.engine.inputs import Inputs
from worker.engine.inspection import Inspection
from worker.engine.network import Network
from worker.engine.run import run
from worker.engine.trainee import Trainee
from worker.engine.training import Trainer
from worker.engine.workplace import Workplace

NAN, INFINITY = float("nan"), float("inf")
WILD = {"kind": "sgd", "learning_rate": 10.0, "momentum": 0.99}
PATIENT = {"kind": "sgd", "learning_rate": 1e-6, "momentum": 0.0}
RANDOM = {"criterion": {"kind": "random"}, "schedule": {"kind": "one_shot", "training_steps": 2}}


@pytest.mark.parametrize(
    ("losses", "weight", "step", "what"),
    [
        ([1.0, NAN, NAN], NAN, 2, "the training loss"),
        ([1.0, 2.0, 3.0], INFINITY, 3, "a weight of `b`"),
        ([INFINITY, 1.0, 1.0], 1.0, 1, "the training loss"),
    ],
)
def test_the_end_of_a_record_shows_the_step(losses, weight, step, what):
    tensors = {"a.weight": torch.ones(3), "b.weight": torch.tensor([1.0, weight]), "c.bias": torch.tensor([weight])}
    with pytest.raises(Diverged) as failure:
        check_finite(torch.tensor(losses), tensors)
    assert failure.value.code is FailureCode.DIVERGED
    assert (failure.value.broken.step, failure.value.broken.what) == (step, what)


def test_nothing_is_said_of_finite_steps():
    check_finite(torch.tensor([1e30, 0.0]), {"a.weight": torch.tensor([1e30]), "a.index": torch.tensor([1])})


def loud(factor: float) -> Network:
    """A network whose layers answer so many times as loudly."""
    return Network(small_lenet().graph, {name: tensor * factor for name, tensor in small_lenet().tensors.items()})


def failed(network: Network, **changes: object) -> tuple[JobFailure, list[Checkpoint]]:
    """The failure of a run, and the checkpoints before it."""
    checkpoints: list[Checkpoint] = []

    def work() -> None:
        outputs = run(network, blobs(), recipe(**changes), CPU, should_stop=lambda: False)
        checkpoints.extend(output for output in outputs if isinstance(output, Checkpoint))

    with pytest.raises(JobFailure) as failure:
        work()
    assert failure.value.code is FailureCode.DIVERGED
    return failure.value, checkpoints


def broken_by_hand(monkeypatch: pytest.MonkeyPatch, at: int, tensor: str) -> None:
    """Undefine a part of a weight after a network's optimizer step `at`, from 0, in the section `retrain`."""
    learn = Trainee.learn

    def learn_and_break(trainee: Trainee, loss: Tensor, *arguments: object) -> None:
        learn(trainee, loss, *arguments)
        if trainee._trained_by.param_groups[0]["lr"] == pytest.approx(rates[at]):
            dict(trainee.module.named_parameters())[tensor].data[0] = NAN

    rates = [1e-3 * (1 - step / 20) for step in range(20)]
    monkeypatch.setattr("worker.engine.retraining.stretches.learning_rate", lambda _, share, step: 1e-3 * (1 - share))
    monkeypatch.setattr(Trainee, "learn", learn_and_break)


def test_the_step_of_the_whole_stretch_and_the_layer_are_told_of_weights_that_break(monkeypatch):
    """144 examples in batches of 32 are five steps in an epoch; records have three steps, the 14th is inside one."""
    broken_by_hand(monkeypatch, 13, "conv2.weight")
    failure, checkpoints = failed(
        small_lenet(),
        prune=RANDOM | {"points": 1, "optimizer": PATIENT},
        retrain={"epochs": 4, "steps_per_record": 3, "optimizer": {"kind": "sgd", "learning_rate": 1e-3}},
    )
    assert "optimizer step 14 of 20 in section retrain, on the way to operating point 1" in failure.detail
    assert "a weight of `conv2` became" in failure.detail
    assert f"after step {checkpoints[-1].step} of the history, is kept" in failure.detail
    assert "operating point 0, the dense network, can be downloaded" in failure.detail
    assert "Lower retrain.optimizer.learning_rate (it is 0.001)" in failure.hint
    for checkpoint in checkpoints:
        tensors = [tensor for tensor in checkpoint.tensors.values() if tensor.is_floating_point()]
        assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def test_the_layer_whose_output_is_infinite_first_is_told_not_the_last():
    network = small_lenet()
    network.tensors["conv2.weight"].mul_(1e38)
    trainee = Trainee(network, CPU)
    inspection, images = Inspection(trainee), torch.randn(4, 1, 16, 16) * 1e4
    with inspection.looking():
        loss = trainee.scores(Inputs.of(images)).sum()
    with pytest.raises(Diverged) as failure:
        inspection.check(3, loss)
    assert (failure.value.broken.step, failure.value.broken.what) == (3, "the output of `conv2`")
    assert "forward" not in vars(trainee.module)


def test_answers_that_are_not_finite_where_the_network_is_measured_are_told_as_such():
    network = small_lenet()
    network.tensors["fc1.weight"].mul_(1e38)
    network.tensors["fc2.weight"].mul_(1e38)
    failure, checkpoints = failed(network, prune=RANDOM | {"points": 1})
    assert failure.detail.startswith("Before any optimizer step between removals (section prune")
    assert "the output of `fc2` became infinite or undefined where the network was measured" in failure.detail
    assert "check that the data is scaled as it was when the network was trained (data.scaling)" in failure.hint
    assert "learning_rate" not in failure.hint
    assert not checkpoints


def test_answers_that_break_after_training_are_told_with_the_step_the_layer_and_the_setting(monkeypatch):
    """All steps go well, but the network that they end with cannot be measured."""
    measured = Workplace.validate

    def validate(work: Workplace, module: fx.GraphModule) -> Evaluation:
        calls.append(module)
        if len(calls) == 3:  # after point 0 and the removals: what retraining ends with
            weights = dict(module.named_parameters())
            weights["conv2.weight"].data.mul_(1e30)
            weights["fc1.weight"].data.mul_(1e30)
        return measured(work, module)

    calls: list[fx.GraphModule] = []
    monkeypatch.setattr(Workplace, "validate", validate)
    failure, checkpoints = failed(small_lenet(), prune=RANDOM | {"points": 1})
    assert "After optimizer step 5 of 5 in section retrain, on the way to operating point 1, " in failure.detail
    assert "the output of `fc1` became infinite" in failure.detail
    assert f"after step {checkpoints[-1].step} of the history, is kept" in failure.detail
    assert "Lower retrain.optimizer.learning_rate (it is 0.01)" in failure.hint


def test_an_infinite_gradient_is_told_by_the_layer_where_it_comes_up_first(monkeypatch):
    """The norm that gradients are scaled by would spread it to all layers."""

    def explode(gradient: Tensor) -> Tensor:
        return gradient * INFINITY

    make = Trainee.start_training

    def start(trainee: Trainee, *arguments: object) -> None:
        make(trainee, *arguments)
        trainee.module.get_parameter("fc1.weight").register_hook(explode)

    monkeypatch.setattr(Trainee, "start_training", start)
    failure, checkpoints = failed(
        small_lenet(),
        prune=RANDOM | {"points": 1},
        dense={"epochs": 1, "gradient_norm": 1.0, "optimizer": {"kind": "sgd", "learning_rate": 0.01}},
    )
    assert "optimizer step 1 of 5 in section dense: the gradient of a weight of `fc1` became" in failure.detail
    assert "nothing is kept" in failure.detail
    assert "Lower dense.optimizer.learning_rate (it is 0.01)" in failure.hint
    assert not checkpoints


def test_sparsifying_and_removals_name_their_own_learning_rates():
    lasso = {"epochs": 2, "optimizer": WILD, "regularizer": {"kind": "group_lasso"}}
    learned = RANDOM | {"criterion": {"kind": "learned"}, "points": 1}
    failure, _ = failed(loud(1e4), prune=learned, sparsify=lasso)
    assert "of 10 in section sparsify, on the way to operating point 1" in failure.detail
    assert "Lower sparsify.optimizer.learning_rate (it is 10), make sparsify.regularizer weaker" in failure.hint
    failure, _ = failed(loud(1e4), prune=RANDOM | {"points": 1, "optimizer": WILD})
    assert "between removals (section prune, on the way to operating point 1)" in failure.detail
    assert "Lower prune.optimizer.learning_rate (it is 10)" in failure.hint


def test_a_run_that_does_not_break_again_still_says_the_step(monkeypatch):
    """A device whose sums depend on their order."""
    train, calls = Trainer.train, []

    def diverge_once(trainer: Trainer, *arguments: object) -> object:
        if len(calls) == 2:
            calls.append(0)
            check_finite(torch.tensor([1.0, NAN, NAN]), {"a.weight": torch.ones(1)})
        calls.append(0)
        return train(trainer, *arguments)

    monkeypatch.setattr(Trainer, "train", diverge_once)
    slow = {"epochs": 2, "steps_per_record": 4}
    failure, checkpoints = failed(small_lenet(), prune=RANDOM | {"points": 1}, retrain=slow)
    assert "optimizer step 6 of 10 in section retrain" in failure.detail
    assert "the training loss became infinite or undefined" in failure.detail
    assert f"after step {checkpoints[-1].step}" in failure.detail

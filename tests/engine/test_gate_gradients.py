"""The noise of gates' gradients in histories, against the gradients of every step."""

import pytest
import torch

from backend.domain.regularizers import L0HardConcreteRegularizer, L1MasksRegularizer
from tests.engine.grounds import dense, ground_of
from tests.engine.runs import blobs, collect_run, recipe, small_lenet, small_mlp
from worker.engine.catalogue import REGULARIZERS
from worker.engine.estimators.moments import GradientMoments
from worker.engine.gate_history import GateHistory, gate_history
from worker.engine.regularizers.layer_gates import LayerGates

INPUTS = torch.randn(24, 1, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(24) % 4
LAYERS = ["fc1", "fc2", "fc3"]
ESTIMATORS = {"hard_concrete": 1.0, "arm": 7.0, "reinforce": 7.0, "rebar": 7.0, "relax": 7.0}
"""And how steep their logits are by the parameter."""


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("gated", ["channels", "weights"])
def test_the_variance_of_a_step_is_that_of_its_gradients_by_the_logits(estimator: str, gated: str) -> None:
    """The penalty's slope has no part in it; the network and the logits stand still."""
    trainee = dense(small_mlp())
    spec = L0HardConcreteRegularizer.model_validate({"estimator": estimator, "gated": gated, "strength": 100.0})
    regularizer = REGULARIZERS.make(spec)(ground_of(trainee))
    parameter = regularizer.parameters["log_alpha"]

    def loss_by(weights: dict, chosen: slice) -> torch.Tensor:
        scores = torch.func.functional_call(trainee.module, weights, (INPUTS[chosen],))
        return torch.nn.functional.cross_entropy(scores, LABELS[chosen])

    for length in (2, 5):
        gradients = []
        for step in range(length):
            chosen = slice(4 * step, 4 * step + 4)
            parameter.grad = None
            loss = loss_by(regularizer.weights(), chosen)
            second = regularizer.second_weights()
            relaxed = [loss_by(weights, chosen) for weights in regularizer.relaxed_weights()]
            regularizer.observe(loss.detach(), loss_by(second, chosen).detach() if second else None, relaxed)
            loss.backward()
            regularizer.penalty()
            regularizer.add_gradients()
            gradients.append(parameter.grad)
        expected = torch.stack(gradients).double().var(0).sum() / ESTIMATORS[estimator] ** 2
        told = gate_history(LAYERS, regularizer)
        assert sum(value or 0 for value in told.gate_gradient_variance) == pytest.approx(float(expected), rel=1e-3)
    assert gate_history(LAYERS, regularizer).gate_gradient_variance == ()


def test_one_gradient_has_no_variance_and_equal_ones_have_none_above_zero():
    moments = GradientMoments(1000, torch.device("cpu"))
    gradient = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    moments.add(gradient)
    assert moments.take_variance() is None
    for _ in range(3):
        moments.add(gradient)
    variance = moments.take_variance()
    assert variance is not None
    assert bool((variance >= 0).all())
    assert float(variance.max()) < 1e-6


def test_gates_of_several_groups_in_a_layer_add_up_and_layers_without_gates_have_none():
    class Gates:
        def take_gates(self) -> list[LayerGates]:
            values = ("b", [1.0, 2.0]), ("d", [0.5]), ("b", [4.0])
            return [LayerGates(name, None, torch.ones(len(row)) > 0, torch.tensor(row)) for name, row in values]

    assert gate_history(["a", "b", "c", "d"], Gates()).gate_gradient_variance == (None, 7.0, None, 0.5)  # type: ignore[arg-type]


def test_what_is_not_estimated_has_no_history():
    regularizer = REGULARIZERS.make(L1MasksRegularizer())(ground_of(dense(small_mlp())))
    assert gate_history(LAYERS, regularizer).gate_gradient_variance == ()
    assert gate_history(LAYERS, None) == GateHistory(gates=None, gate_gradient_variance=())


def test_a_run_tells_it_of_every_step_of_several_mini_batches_in_which_gates_learn():
    """Five mini-batches: two, two and one."""
    sparsify = {"epochs": 1, "steps_per_record": 2, "regularizer": {"kind": "l0_hard_concrete", "estimator": "arm"}}
    prune = {"criterion": {"kind": "learned"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1}
    records = collect_run(small_lenet(), blobs(), recipe(sparsify=sparsify, prune=prune)).records
    assert [record.phase for record in records[:3]] == ["sparsify"] * 3
    for record in records[:2]:
        assert [value is not None and value > 0 for value in record.gate_gradient_variance] == [True, True, True, False]
    assert all(record.gate_gradient_variance == () for record in records[2:])
    assert len(records) > 3

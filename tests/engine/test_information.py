"""Fisher mass and Fisher-Rao norm of every layer, recorded over a run."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tests.engine.runs import CPU, blobs, collect_run, recipe, small_lenet, small_mlp, zoo_network
from tests.engine.test_fisher import brute_force, mask_gradients
from worker.engine.information import Information, layer_information
from worker.engine.network import Network, build, capture
from worker.engine.retraining.losses import cross_entropy as mean_loss
from worker.engine.signal import INFORMATION, Needs, Reading
from worker.engine.trainee import Trainee


def examples(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 1, 16, 16, generator=generator).double(), torch.arange(count) % 4


def information_of(network: Network, layers: list[str], batch_sizes: list[int]) -> Information:
    trainee, (inputs, labels) = Trainee(network, CPU), examples(sum(batch_sizes))
    trainee.module.eval()
    trainee.gates.signal.start(INFORMATION)
    for images, answers in zip(inputs.split(batch_sizes), labels.split(batch_sizes), strict=True):
        cross_entropy(trainee.module(images), answers).backward()
        trainee.gates.signal.finish_batch(len(answers))
    return layer_information(layers, trainee.groups, trainee.gates.signal.stop())


class Unbiased(nn.Module):
    """ReLU layers without biases: positively homogeneous in every layer's weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.hidden = nn.Conv2d(1, 4, 3, bias=False), nn.Linear(196, 9, bias=False)
        self.read = nn.Linear(9, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        maps = nn.functional.max_pool2d(self.conv(x).relu(), 2)
        return self.read(self.hidden(maps.flatten(1)).relu())


@pytest.mark.parametrize("batch_sizes", [[8], [3, 5]])
def test_without_biases_all_layers_have_the_norm_that_follows_from_the_output_alone(batch_sizes):
    # Liang et al. 2019: <W_l, dL/dW_l> = <f, dL/df> for every layer l of a rectifier network without biases.
    torch.manual_seed(0)
    module = Unbiased().double().eval()
    network = capture(module, (torch.zeros(2, 1, 16, 16, dtype=torch.float64),), "unbiased")
    inputs, labels = examples(8)
    answers = module(inputs).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(cross_entropy(answers, labels, reduction="sum"), answers)
    expected = float((answers.detach() * gradient).sum(1).square().mean().sqrt())
    norms = information_of(network, ["conv", "hidden", "read"], batch_sizes).fisher_rao_norm
    assert norms[:2] == pytest.approx([expected, expected], rel=1e-5)
    assert norms[2] is None


def test_the_norm_is_that_of_a_layers_own_weights_and_biases():
    network = small_mlp(widths=(6, 5))
    network = Network(network.graph, {name: value.double() for name, value in network.tensors.items()})
    module, (inputs, labels) = build(network).eval(), examples(6)
    products = []
    for image, label in zip(inputs, labels, strict=True):
        module.zero_grad()
        cross_entropy(module(image[None]), label[None]).backward()
        products.append(
            sum(float((parameter.detach() * parameter.grad).sum()) for parameter in module.fc1.parameters())
        )
    expected = (sum(product**2 for product in products) / len(products)) ** 0.5
    assert information_of(network, ["fc1"], [6]).fisher_rao_norm == pytest.approx((expected,), rel=1e-5)


def test_the_mass_is_the_sum_of_the_fisher_scores_and_stands_at_the_first_of_coupled_layers():
    network = zoo_network("resnet20", (1, 16, 16), 4, 0)
    network = Network(network.graph, {name: value.double() for name, value in network.tensors.items()})
    groups = Trainee(network, CPU).groups
    inputs, labels = examples(4)
    scores = brute_force(network, inputs, labels)
    found = information_of(network, [layer for group in groups for layer in group.layers], [4])
    expected = [
        pytest.approx(float(scores[group.name].sum()), rel=1e-5) if layer == group.layers[0] else None
        for group in groups
        for layer in group.layers
    ]
    assert list(found.fisher_mass) == expected
    gradients = mask_gradients(network, inputs, labels)[groups[0].name]
    assert found.fisher_rao_norm[0] == pytest.approx(float(gradients.sum(1).square().mean().sqrt()), rel=1e-5)


def test_what_is_not_finite_is_left_out():
    trainee = Trainee(small_mlp(), CPU)
    means = {
        reading: {group.name: torch.tensor([float("inf"), 1.0]) for group in trainee.groups} for reading in Reading
    }
    assert layer_information(["fc1"], trainee.groups, means) == Information((None,), (None,))
    assert layer_information(["fc1"], trainee.groups, {}) == Information((None,), (None,))


def test_observing_a_step_changes_nothing_of_it():
    inputs, labels = examples(6)
    plain, observed = Trainee(small_lenet(), CPU), Trainee(small_lenet(), CPU)
    mean_loss(plain.module(inputs.float()), labels, inputs).backward()
    with observed.observed():
        mean_loss(observed.module(inputs.float()), labels, inputs).backward()
        observed.gates.signal.finish_batch(6)
    assert set(observed.gates.signal.last) == INFORMATION.readings
    assert not observed.gates.signal.is_reading
    for name, parameter in plain.parameters.items():
        assert torch.equal(parameter.grad, observed.parameters[name].grad)


def test_a_criterion_that_reads_goes_on_reading_when_a_step_is_observed():
    trainee = Trainee(small_lenet(), CPU)
    trainee.gates.signal.start(Needs(frozenset({Reading.ABSOLUTES})))
    with trainee.observed():
        pass
    assert trainee.gates.signal.is_reading


@pytest.mark.parametrize(
    "criterion", [{"kind": "magnitude"}, {"kind": "fisher"}, {"kind": "fisher", "labels": "model"}]
)
def test_every_step_of_a_run_tells_mass_and_norm_of_every_layer_but_the_last(criterion):
    prune = {"criterion": criterion, "schedule": {"kind": "greedy", "training_steps": 2, "channels": 4}, "points": 1}
    sparsify = {"epochs": 1, "steps_per_record": 3, "regularizer": {"kind": "group_lasso"}}
    dense = {"epochs": 1, "steps_per_record": 3}
    result = collect_run(small_lenet(), blobs(), recipe(prune=prune, sparsify=sparsify, dense=dense))
    assert {record.phase for record in result.records} == {"train", "sparsify", "prune", "retrain"}
    for record in result.records:
        for values in (record.fisher_mass, record.fisher_rao_norm):
            *hidden, last = values
            assert last is None
            assert all(value > 0 for value in hidden), record.step


def masses_of_weights(criterion: dict[str, object]) -> list[tuple[float | None, ...]]:
    prune = {
        "criterion": criterion,
        "granularity": {"kind": "unstructured"},
        "schedule": {"kind": "one_shot", "training_steps": 2},
        "points": 1,
    }
    target = {"kind": "sparsity", "sparsity": 0.5}
    return [
        record.fisher_mass for record in collect_run(small_lenet(), blobs(), recipe(target=target, prune=prune)).records
    ]


def test_where_single_weights_go_it_is_told_as_well_whatever_backward_passes_the_criterion_adds():
    by_size, *others = (
        masses_of_weights(criterion)
        for criterion in (
            {"kind": "magnitude"},
            {"kind": "obd"},
            {"kind": "obd", "curvature": "hutchinson"},
        )
    )
    assert all(value > 0 for masses in by_size for value in masses[:-1])
    assert all(masses[0] == by_size[0] for masses in others)  # the same training so far


@pytest.mark.parametrize("during", ["retraining", "both"])
def test_a_teacher_does_not_change_what_is_told_of_the_labels(during):
    """At a learning rate at which nothing moves, both runs tell of the same weights and mini-batches."""
    slow = {"optimizer": {"kind": "sgd", "learning_rate": 1e-9}}
    sparsify = {"epochs": 1, "steps_per_record": 3, **slow, "regularizer": {"kind": "l0_hard_concrete"}}
    prune = {"criterion": {"kind": "learned"}, "schedule": {"kind": "one_shot", "training_steps": 1}, "points": 1}
    retrain = {"epochs": 1, "steps_per_record": 3, **slow}
    plain, taught = (
        collect_run(small_lenet(), blobs(), recipe(sparsify=sparsify, prune=prune, retrain=retrain, **teacher)).records
        for teacher in ({}, {"distill": {"temperature": 2.0, "weight": 0.9, "during": during}})
    )
    assert plain[0].loss == taught[0].loss if during == "retraining" else plain[0].loss != taught[0].loss
    assert plain[-1].loss != taught[-1].loss
    for without, with_teacher in zip(plain, taught, strict=True):
        assert with_teacher.fisher_mass[:-1] == pytest.approx(without.fisher_mass[:-1], rel=1e-3)
        assert with_teacher.fisher_rao_norm[:-1] == pytest.approx(without.fisher_rao_norm[:-1], rel=1e-3)

from functools import partial

import pytest
import torch
from torch import Tensor, fx
from torch.nn.functional import cross_entropy

from backend.domain.criteria import Criterion, FisherCriterion
from backend.domain.retraining import SgdOptimizer
from tests.engine.runs import CPU, blobs, small_lenet, small_mlp, zoo_network
from worker.engine.catalogue import CRITERIA, OPTIMIZERS
from worker.engine.criteria.criterion import Evidence
from worker.engine.gates import channel_products
from worker.engine.inputs import Inputs
from worker.engine.network import Network, build
from worker.engine.retraining.losses import cross_entropy as mean_loss
from worker.engine.signal import ONE_OF, Needs, Reading
from worker.engine.trainee import Trainee


def scores_of(
    spec: Criterion, network: Network, inputs: Tensor, labels: Tensor, batch_sizes: list[int]
) -> dict[str, Tensor]:
    """Scores of a network at fixed weights, accumulated over batches of mean losses."""
    criterion = CRITERIA.make(spec)
    trainee = Trainee(network, CPU)
    trainee.module.eval()  # examples do not see each other, as in the reference
    trainee.gates.signal.start(criterion.needs)
    start = 0
    for size in batch_sizes:
        batch = slice(start, start + size)
        cross_entropy(trainee.module(inputs[batch]), labels[batch]).backward()
        trainee.gates.signal.finish_batch(size)
        start += size
    return criterion.score(Evidence(trainee.groups, trainee.tensors, trainee.gates.signal.stop(), torch.Generator()))


def signal_of(network: Network, inputs: Tensor, labels: Tensor, batch_sizes: list[int]) -> dict[str, Tensor]:
    """Fisher scores of a network at fixed weights."""
    return scores_of(FisherCriterion(), network, inputs, labels, batch_sizes)


class MaskedInterpreter(fx.Interpreter):
    """Runs a module with a mask variable in all that is read of a group's gate sites: an independent second route.

    Sums carry the channels on; whatever else takes them, reads them.
    """

    def __init__(self, module: fx.GraphModule, sites: dict[str, tuple[int, Tensor]], mask: Tensor) -> None:
        super().__init__(module)
        self.sites, self.mask = sites, mask

    def run_node(self, n: fx.Node) -> object:
        if n.op == "call_function" and "add" in str(n.target):
            return super().run_node(n)
        plain = {source: self.env[source] for source in n.all_input_nodes if source.name in self.sites}
        self.env.update({source: self.masked(value, *self.sites[source.name]) for source, value in plain.items()})
        value = super().run_node(n)
        self.env.update(plain)
        return value

    def masked(self, value: Tensor, axis: int, index: Tensor) -> Tensor:
        on = self.mask[:, None].expand(index.shape)
        full = torch.ones(value.shape[axis], dtype=value.dtype).index_put((index,), on)
        shape = [1] * value.dim()
        shape[axis] = -1
        return value * full.view(shape)


def mask_gradients(network: Network, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """dL_n/dm_k for every example n and channel k (N, K) by group, one example at a time, in float64."""
    module = build(network).double().eval()
    gradients = {}
    for group in Trainee(network, CPU).groups:
        sites = {site.node: (site.axis, site.index) for site in group.gates}
        rows = []
        for image, label in zip(inputs.double(), labels, strict=True):
            mask = torch.ones(group.width, dtype=torch.float64, requires_grad=True)
            logits = MaskedInterpreter(module, sites, mask).run(image[None])
            rows += torch.autograd.grad(cross_entropy(logits, label[None]), mask)
        gradients[group.name] = torch.stack(rows)
    return gradients


def brute_force(network: Network, inputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """1/(2N) sum_n (dL_n/dm_k)^2, one example at a time, in float64."""
    return {name: gradients.square().mean(0) / 2 for name, gradients in mask_gradients(network, inputs, labels).items()}


@pytest.mark.parametrize("name", ["lenet5", "mlp", "resnet20"])
def test_scores_equal_the_gradient_of_a_mask_taken_one_example_at_a_time(name):
    network = {
        "lenet5": small_lenet,
        "mlp": small_mlp,
        "resnet20": lambda: zoo_network("resnet20", (1, 16, 16), 4, 0),
    }[name]()
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(5, 1, 16, 16, generator=generator)
    labels = torch.randint(0, 4, (5,), generator=generator)
    double = Network(network.graph, {key: value.double() for key, value in network.tensors.items()})

    expected = brute_force(double, inputs, labels)
    scores = signal_of(double, inputs.double(), labels, [5])

    assert scores.keys() == expected.keys()
    for group, score in scores.items():
        torch.testing.assert_close(score, expected[group], rtol=1e-10, atol=1e-14)


def test_channels_of_a_stream_score_what_their_removal_does_to_the_loss():
    """Its n gates lie one behind another: with what a shortcut carries, scores would be up to n^2 as large."""
    network = zoo_network("resnet20", (1, 8, 8), 4, 0)
    train = blobs(shape=(1, 8, 8)).train
    inputs, labels = (train.inputs.tensors[0].double() / 255 - 0.3) / 0.2, train.labels
    trainee = Trainee(Network(network.graph, {name: value.double() for name, value in network.tensors.items()}), CPU)
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer(learning_rate=0.01)))
    for _ in range(12):
        trainee.learn(cross_entropy(trainee.module(inputs), labels), len(labels))
    trained = Trainee(trainee.network(), CPU)
    scores = signal_of(trained.network(), inputs, labels, [len(labels)])
    trained.module.eval()
    losses = partial(cross_entropy, target=labels, reduction="none")
    with torch.no_grad():
        before = losses(trained.module(inputs))
        for group in [item for item in trained.groups if len(item.gates) > 2]:
            ratios = []
            for channel in range(0, group.width, 3):
                trained.gates.apply(trained.masks.on | {group.name: torch.arange(group.width) != channel})
                rise = (losses(trained.module(inputs)) - before).square().mean() / 2
                ratios.append(float(scores[group.name][channel] / rise))
            assert 0.7 < torch.tensor(ratios).median() < 1.4, (group.name, ratios)


@pytest.mark.parametrize("batch_sizes", [[12], [6, 6], [5, 5, 2], [1] * 12])
def test_scores_do_not_depend_on_how_the_examples_are_batched(batch_sizes):
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(12, 1, 16, 16, generator=generator)
    labels = torch.randint(0, 4, (12,), generator=generator)
    whole = signal_of(small_lenet(), inputs, labels, [12])
    parts = signal_of(small_lenet(), inputs, labels, batch_sizes)
    for group, score in whole.items():
        torch.testing.assert_close(parts[group], score, rtol=1e-5, atol=1e-12)


def test_a_square_of_sums_is_not_a_sum_of_squares():
    # One channel, 1x2 map, activation (1, 1), gradient (2, -2): the sum over space is 0, its square too.
    product = channel_products(torch.ones(1, 1, 1, 2), torch.tensor([[[[2.0, -2.0]]]]), 1)
    assert product.tolist() == [[0.0]]


def test_the_signal_of_a_masked_channel_is_zero_and_the_others_change():
    trainee = Trainee(small_mlp(), CPU)
    trainee.turn_off([("fc1", 3)])
    trainee.gates.signal.start(Needs(frozenset({Reading.SQUARES})))
    inputs, labels = torch.randn(6, 1, 16, 16), torch.arange(6) % 4
    cross_entropy(trainee.module(inputs), labels).backward()
    trainee.gates.signal.finish_batch(6)
    means = trainee.gates.signal.stop()[Reading.SQUARES]["fc1"]
    assert means[3] == 0
    assert (means > 0).sum() > 0


def test_nothing_is_read_unless_asked_and_starting_again_forgets():
    trainee = Trainee(small_mlp(), CPU)
    trainee.start_training(OPTIMIZERS.make(SgdOptimizer()))
    inputs, labels = torch.randn(6, 1, 16, 16), torch.arange(6) % 4
    trainee.learn(cross_entropy(trainee.module(inputs), labels), 6)
    assert trainee.gates.signal.stop() == {}
    trainee.gates.signal.start(Needs(frozenset({Reading.SQUARES, Reading.ABSOLUTES})))
    trainee.learn(cross_entropy(trainee.module(inputs), labels), 6)
    trainee.gates.signal.start(Needs(frozenset({Reading.SQUARES})))
    trainee.learn(cross_entropy(trainee.module(inputs), labels), 6)
    means = trainee.gates.signal.stop()
    assert set(means) == {Reading.SQUARES}
    assert set(means[Reading.SQUARES]) == {"fc1", "fc2"}
    assert trainee.gates.signal.stop() == {}


def drawn_scores(network: Network, inputs: Tensor, draws: int, seed: int) -> dict[str, Tensor]:
    """Model Fisher scores at fixed weights, over `draws` times the same inputs."""
    criterion, trainee = CRITERIA.make(FisherCriterion(labels="model")), Trainee(network, CPU)
    trainee.module.eval()
    trainee.gates.signal.start(criterion.needs)
    loss = trainee.gates.signal.watched(mean_loss, torch.Generator().manual_seed(seed), trainee.module)
    labels = torch.zeros(len(inputs), dtype=torch.long)  # what the data says does not matter
    for _ in range(draws):
        loss(trainee.module(inputs), labels, Inputs.of(inputs)).backward()
        trainee.gates.signal.finish_batch(len(inputs))
    return criterion.score(Evidence(trainee.groups, trainee.tensors, trainee.gates.signal.stop(), torch.Generator()))


def test_the_models_fisher_information_is_the_mean_over_all_labels_by_their_probability():
    network, classes, draws = small_mlp(widths=(6, 5)), 4, 600
    network = Network(network.graph, {name: 3 * value.double() for name, value in network.tensors.items()})
    inputs = torch.randn(8, 1, 16, 16, generator=torch.Generator().manual_seed(4)).double()
    shares = build(network).eval()(inputs).softmax(1).detach()
    assert float(shares.max(1).values.mean()) < 0.9  # a network that is not sure of itself
    expected, fourth = {}, {}
    for label in range(classes):
        labels = torch.full((len(inputs),), label)
        for group, gradients in mask_gradients(network, inputs, labels).items():
            weighted = shares[:, label, None] * gradients.square() / 2
            expected[group] = expected.get(group, 0) + weighted.mean(0)
            fourth[group] = fourth.get(group, 0) + (shares[:, label, None] * gradients.square().square() / 4).mean(0)
    found = drawn_scores(network, inputs, draws, seed=0)
    for group, score in expected.items():
        deviation = ((fourth[group] - score.square()) / (draws * len(inputs) / ONE_OF)).sqrt()
        assert bool(((found[group] - score).abs() <= 4 * deviation).all()), group


def test_drawn_labels_train_nothing_and_are_decided_by_the_seed():
    trainee = Trainee(small_lenet(), CPU)
    trainee.gates.signal.start(CRITERIA.make(FisherCriterion(labels="model")).needs)
    loss = trainee.gates.signal.watched(mean_loss, torch.Generator().manual_seed(0), trainee.module)
    inputs = torch.randn(6, 1, 16, 16, generator=torch.Generator().manual_seed(4))
    labels = torch.arange(6) % 4
    value = loss(trainee.module(inputs), labels, Inputs.of(inputs))
    assert all(parameter.grad is None for parameter in trainee.parameters.values())
    value.backward()
    plain = Trainee(small_lenet(), CPU)
    mean_loss(plain.module(inputs), labels, Inputs.of(inputs)).backward()
    for name, parameter in plain.parameters.items():
        assert torch.equal(parameter.grad, trainee.parameters[name].grad)
    first, again, other = (drawn_scores(small_lenet(), inputs, 2, seed) for seed in (1, 1, 2))
    assert all(torch.equal(first[group], again[group]) for group in first)
    assert not torch.equal(first["conv1"], other["conv1"])

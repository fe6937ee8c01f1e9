"""Sums of distances between filters, against brute force and by what they mean."""

import torch
from torch import Tensor

from backend.domain.criteria import GeometricMedianCriterion
from tests.engine.runs import CPU, zoo_network
from tests.engine.test_magnitude import Twice
from worker.engine.catalogue import CRITERIA
from worker.engine.coupling import find_groups
from worker.engine.criteria.criterion import Evidence
from worker.engine.network import Network, capture
from worker.engine.trainee import Trainee


def scores_of(network: Network, on: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    evidence = Evidence(find_groups(network), network.tensors, {}, torch.Generator(), on=on or {})
    return CRITERIA.make(GeometricMedianCriterion()).score(evidence)


def test_scores_are_sums_of_distances_to_all_other_filters_one_pair_at_a_time():
    network = zoo_network("resnet20", (1, 16, 16), 4, 0)
    scores = scores_of(network)
    shared = max(Trainee(network, CPU).groups, key=lambda group: len(group.layers))
    assert len(shared.layers) > 1
    filters = torch.cat([network.tensors[f"{layer}.weight"].double().flatten(1) for layer in shared.layers], 1)
    expected = [sum(float((one - other).norm()) for other in filters) for one in filters]
    torch.testing.assert_close(scores[shared.name], torch.tensor(expected, dtype=torch.float64))


def test_filters_made_along_another_axis_are_told_apart_as_well():
    module = Twice().eval()
    with torch.no_grad():
        module.a.weight.copy_(torch.tensor([[0.0, 0], [3, 4], [0, 0]]).reshape(3, 2, 1, 1))
        module.b.weight.copy_(torch.tensor([[0.0, 0, 12], [0, 0, 0]]).reshape(2, 3, 1, 1))
    network = capture(module, (torch.zeros(2, 2, 2, 2),), "twice")
    (scores,) = scores_of(network).values()
    assert scores.tolist() == [5 + 12, 5 + 13, 12 + 13]


def test_the_middle_one_of_three_filters_goes_before_one_that_is_smaller():
    network = zoo_network("mlp", (1, 1, 2), 2, 0, (3,))
    tensors = dict(network.tensors) | {"fc1.weight": torch.tensor([[0.1, 0.0], [1.0, 0.0], [2.0, 0.0]])}
    scores = scores_of(Network(network.graph, tensors))["fc1"]
    assert int(scores.argmin()) == 1


def test_channels_that_are_off_are_nobodys_neighbors():
    network = zoo_network("mlp", (1, 16, 16), 4, 0, (6, 5))
    on = {"fc1": torch.tensor([True, True, False, True, False, True])}
    thin = dict(network.tensors) | {"fc1.weight": network.tensors["fc1.weight"].double()}
    rows = thin["fc1.weight"][on["fc1"]]
    expected = torch.stack([(row - rows).norm(dim=1).sum() for row in rows])
    torch.testing.assert_close(scores_of(network, on)["fc1"][on["fc1"]], expected)

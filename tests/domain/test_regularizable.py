"""What a network lacks for a regularizer, said before anything runs."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.domain.allocations import LayerThresholdAllocation, UniformAllocation
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.regularizable import lack
from backend.domain.regularizers import L0HardConcreteRegularizer
from backend.domain.retraining import Sparsify


def network(*batch_norms: tuple[str, ...] | None) -> NetworkSummary:
    """One convolution for each entry: the batch norms that scale its channels."""
    names = [f"conv{number}" for number in range(len(batch_norms))]
    return NetworkSummary(
        architecture="small",
        input_shape=(1, 8, 8),
        class_count=2,
        layers=tuple(Layer(name=name, type="conv", in_width=4, width=4, parameters=1, macs=1) for name in names),
        groups=tuple(
            ChannelGroupInfo(name=name, width=4, layers=(name,), consumers=(), batch_norms=norms)
            for name, norms in zip(names, batch_norms, strict=True)
        ),
        parameters=len(names),
        macs=len(names),
    )


def with_ends(*ends: tuple[str, ...] | None) -> NetworkSummary:
    """A network of which it is known, or not, which layers of each group end a branch."""
    plain = network(*(() for _ in ends))
    groups = (group.model_copy(update={"branch_ends": names}) for group, names in zip(plain.groups, ends, strict=True))
    return plain.model_copy(update={"groups": tuple(groups)})


def sparsify(**regularizer: Any) -> Sparsify:
    return Sparsify.model_validate({"epochs": 1, "regularizer": regularizer})


def test_slimming_needs_a_batch_norm_and_gates_are_offered_instead() -> None:
    found = lack(network((), ()), sparsify(kind="batch_norm_l1"))
    assert found is not None
    assert found.field == "sparsify.regularizer"
    assert "l0_hard_concrete" in found.hint


@pytest.mark.parametrize("norms", [("bn",), None])
def test_slimming_runs_where_some_channels_are_scaled_or_nobody_knows(norms: tuple[str, ...] | None) -> None:
    assert lack(network((), norms), sparsify(kind="batch_norm_l1")) is None


def test_other_regularizers_need_no_batch_norm() -> None:
    assert lack(network(()), sparsify(kind="group_lasso")) is None
    assert lack(network(()), None) is None


def test_the_penalty_on_layers_needs_a_shortcut_and_channels_are_offered_instead() -> None:
    found = lack(with_ends((), ()), sparsify(kind="group_lasso", layer_strength=0.1))
    assert found is not None
    assert found.field == "sparsify.regularizer.layer_strength"
    assert "layer_strength 0.1" in found.detail
    assert "channel_strength" in found.hint


@pytest.mark.parametrize("ends", [("conv1",), None])
def test_the_penalty_on_layers_runs_where_a_branch_ends_or_nobody_knows(ends: tuple[str, ...] | None) -> None:
    assert lack(with_ends((), ends), sparsify(kind="group_lasso", layer_strength=0.1)) is None
    assert lack(with_ends((), ()), sparsify(kind="group_lasso")) is None


def with_gates(*takes_gates: bool | None) -> NetworkSummary:
    """A network of which it is known, or not, which groups can have gates."""
    plain = network(*(() for _ in takes_gates))
    groups = (
        group.model_copy(update={"takes_gates": flag}) for group, flag in zip(plain.groups, takes_gates, strict=True)
    )
    return plain.model_copy(update={"groups": tuple(groups)})


GATING = ("l0_hard_concrete", "l1_masks", "targeted_dropout", "bayesian_compression")


@pytest.mark.parametrize("kind", GATING)
def test_gates_need_a_channel_that_weights_alone_read_and_what_needs_none_is_offered(kind: str) -> None:
    found = lack(with_gates(False, False), sparsify(kind=kind))
    assert found is not None
    assert found.field == "sparsify.regularizer"
    assert f"`{kind}`" in found.detail
    assert "those of `conv0`, `conv1` are read by other operations" in found.detail
    assert "`group_lasso`" in found.hint
    assert "gated `weights`" in found.hint


@pytest.mark.parametrize("kind", GATING)
@pytest.mark.parametrize("flag", [True, None])
def test_one_channel_with_a_gate_is_enough_and_what_nobody_knows_is_not_refused(kind: str, flag: bool | None) -> None:
    assert lack(with_gates(False, flag), sparsify(kind=kind)) is None


def test_a_pin_that_takes_the_last_gate_is_named() -> None:
    found = lack(with_gates(False, True), sparsify(kind="l1_masks"), ("conv1",))
    assert found is not None
    assert "those of `conv0` are" in found.detail
    assert found.hint.startswith("Take layers out of prune.pins.")
    assert lack(with_gates(True, False), sparsify(kind="l1_masks"), ("conv1",)) is None


@pytest.mark.parametrize("kind", [*GATING, "group_lasso", "sparse_group_lasso", "batch_norm_l1"])
def test_what_works_on_channels_needs_some_and_single_weights_are_offered(kind: str) -> None:
    found = lack(network(), sparsify(kind=kind))
    assert found is not None
    assert "there are none" in found.detail
    assert "prune.granularity `unstructured`" in found.hint
    assert "prune.pins" not in found.hint
    pinned = lack(network(("bn",)), sparsify(kind=kind), ("conv0",))
    assert pinned is not None
    assert pinned.hint.startswith("Take layers out of prune.pins.")


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "variational_dropout"},
        {"kind": "l0_hard_concrete", "gated": "weights"},
        {"kind": "targeted_dropout", "dropped": "weights"},
    ],
)
def test_single_weights_need_neither_channels_nor_gates(settings: dict[str, Any]) -> None:
    assert lack(network(), sparsify(**settings)) is None
    assert lack(with_gates(False), sparsify(**settings)) is None


@pytest.mark.parametrize(
    ("settings", "field", "way_out"),
    [
        ({"kind": "sparse_group_lasso", "lines": "outgoing"}, "lines", {"lines": "incoming"}),
        (
            {"kind": "group_lasso", "strength": 0.0, "channel_strength": 0.1},
            "channel_strength",
            {"strength": 0.01},
        ),
    ],
)
def test_shrinking_what_reads_channels_needs_weights_that_do(
    settings: dict[str, Any], field: str, way_out: dict[str, Any]
) -> None:
    found = lack(with_gates(False), sparsify(**settings))
    assert found is not None
    assert found.field == f"sparsify.regularizer.{field}"
    assert "those of `conv0`" in found.detail
    assert lack(with_gates(False), sparsify(**settings | way_out)) is None
    assert lack(with_gates(True), sparsify(**settings)) is None


def test_slimming_offers_gates_only_where_there_can_be_some() -> None:
    found = lack(with_gates(False), sparsify(kind="batch_norm_l1"))
    assert found is not None
    assert "`group_lasso`" in found.hint
    assert "l0_hard_concrete" not in found.hint


def test_a_factor_for_a_layer_that_is_not_there_names_the_nearest() -> None:
    found = lack(network((), ()), sparsify(kind="l0_hard_concrete", layer_factors=["conf1=2"]))
    assert found is not None
    assert found.field == "sparsify.regularizer.layer_factors"
    assert "`conf1`" in found.detail
    assert "`conv1`" in found.detail
    assert lack(network((), ()), sparsify(kind="l0_hard_concrete", layer_factors=["conv1=2"])) is None


def test_factors_are_numbers_for_layers_named_once() -> None:
    spec = L0HardConcreteRegularizer(layer_factors=("fc=0.1", "conv1=10"))
    assert spec.factors == {"conv1": 10.0, "fc": 0.1}
    assert spec.layer_factors == ("conv1=10", "fc=0.1")


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        (("conv1",), "`conv1` is not a layer and its factor; write them as in `conv1=0.5`"),
        (("conv1=x",), "`conv1=x` is not a layer and its factor"),
        (("conv1=1\n",), "is not a layer and its factor"),
        (("conv1=-1",), "`conv1=-1` is not a layer and its factor"),
        (("=2",), "`=2` is not a layer and its factor"),
        (("conv1=1", "conv1=2"), "the layer `conv1` is named twice; keep one of its factors"),
        (("conv1=1e300",), r"the factor of `conv1` is 1e\+300; give one from 1e-06 to 1e\+06"),
        (("conv1=1e999",), "the factor of `conv1` is inf; give one from"),
        (("conv1=1e-7",), "the factor of `conv1` is 1e-07; give one from"),
    ],
)
@pytest.mark.parametrize("spec", [L0HardConcreteRegularizer, UniformAllocation, LayerThresholdAllocation])
def test_what_is_no_factor_is_refused_with_what_to_write(
    spec: type[L0HardConcreteRegularizer | UniformAllocation | LayerThresholdAllocation],
    factors: tuple[str, ...],
    told: str,
) -> None:
    with pytest.raises(ValidationError, match=told):
        spec(layer_factors=factors)


def test_the_penalty_on_shapes_needs_a_convolution_that_reads_channels_which_can_go() -> None:
    alone = network(())
    shapes = sparsify(kind="group_lasso", shape_strength=0.1)
    found = lack(alone, shapes)
    assert found is not None
    assert found.field == "sparsify.regularizer.shape_strength"
    assert "shape_strength 0.1" in found.detail
    read = alone.groups[0].model_copy(update={"consumers": ("conv0",)})
    assert lack(alone.model_copy(update={"groups": (read,)}), shapes) is None
    assert lack(alone, sparsify(kind="group_lasso")) is None

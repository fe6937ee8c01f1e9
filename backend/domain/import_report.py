"""The import report: for every layer what can go, what goes with it, or what holds it; before any compute is spent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt

from backend.domain import metrics
from backend.domain.bounds import WidthBounds, width_bounds
from backend.domain.criteria import MagnitudeCriterion
from backend.domain.network import ChannelGroupInfo, Layer, LockInfo, NetworkSummary, Unit
from backend.domain.pruning import Prune
from backend.domain.spec import Spec
from backend.domain.thinning import SizeModel
from backend.domain.weights import WeightModel

LayerStatus = Literal["prunable", "coupled", "locked"]

LITTLE = 0.25
"""Where less than this share of the MACs can go, the report warns."""
_NAMED = 3
"""Layers that the warning names."""
_DEFAULTS = Prune(criterion=MagnitudeCriterion())
"""The report counts with a recipe's default limits on widths; the criterion plays no part."""
_NOTHING = "No channel can be removed: every layer is locked. The table says by what."
_NO_WEIGHTS = "There are no single weights to set to zero either."
_WEIGHTS_ONLY = "Single weights can still become zero: choose a preset such as `han2015-magnitude`."
_UNITS: Mapping[Unit, str] = {"head_dim": "place in its heads", "hidden": "hidden unit"}
"""What a unit is called, where that is not its own name."""
_UNKNOWN = "Why is not known: this model was read before reasons were kept. Upload it again to learn them."


class LayerVerdict(Spec):
    """What can be done with one layer's output channels."""

    layer: str
    status: LayerStatus
    """prunable: by itself; coupled: together with other layers; locked: not at all."""
    groups: tuple[str, ...]
    """Channel groups that hold its output channels."""
    unit: Unit | None
    """What goes as one; None where nothing can."""
    units: NonNegativeInt
    """How many of them there are."""
    removable_channels: NonNegativeInt
    """Output channels of this layer that can go."""
    removable_macs: NonNegativeFloat
    """Share of the whole network's MACs that this layer loses when everything goes that can, in [0, 1]."""
    coupled_with: tuple[str, ...]
    """Other layers whose channels go together with this one's."""
    lock: LockInfo | None
    """What holds the channels of a locked layer."""
    inexact: tuple[str, ...]
    """Operations whose result a masked channel changes and a removed one does not (layer norms)."""
    difference: NonNegativeFloat | None = None
    """By how much the class scores then differ with half of the channels gone, as a share of the largest score.

    None where masking is removal, or where it was not measured.
    """


class ImportReport(Spec):
    """What pruning can do to a network."""

    layers: tuple[LayerVerdict, ...]
    """In the order of the summary's layers."""
    channels: NonNegativeInt
    """Units that can be decided on, those of each group counted once."""
    removable_channels: NonNegativeInt
    """How many of them can go."""
    removable_macs: NonNegativeFloat
    """Share of the MACs that can go, in [0, 1]."""
    removable_parameters: NonNegativeFloat
    """Share of the parameters that can go, in [0, 1]."""
    minimum_width: NonNegativeInt
    """Counted with no layer thinner than this."""
    removable_weights: NonNegativeInt = 0
    """Single weights that could become zero, whether channels can go or not."""
    warning: str | None
    """A sentence where little can go."""
    notes: tuple[str, ...]
    """Sentences on how the file was read, such as that a last step was cut off."""


def import_report(summary: NetworkSummary) -> ImportReport:
    """Say of every layer what can go, and how much in all, with no layer thinner than a recipe's default allows."""
    model, bounds = SizeModel.of(summary), width_bounds(summary, _DEFAULTS)
    floor = {name: found.floor for name, found in bounds.items()}
    thinnest, lost = model.counts(floor), model.lost_macs(floor)
    groups: dict[str, list[ChannelGroupInfo]] = {}
    for group in summary.groups:
        for name in group.layers:
            groups.setdefault(name, []).append(group)
    stuck = {name: held for name, held in groups.items() if not _going(bounds[group.name] for group in held)}
    locks = {name: _too_thin(name, held) for name, held in stuck.items()}
    locks |= {lock.layer: lock for lock in summary.locks}
    verdicts = tuple(
        _verdict(layer, groups.get(layer.name, []), locks.get(layer.name)).model_copy(
            update={
                "removable_channels": layer.width - size.width(floor),
                "removable_macs": metrics.share(lost.get(layer.name, 0), summary.macs),
            }
        )
        for layer, size in zip(summary.layers, model.layers, strict=True)
    )
    removable_macs = metrics.sparsity(thinnest.macs, summary.macs)
    return ImportReport(
        layers=verdicts,
        channels=model.dense.channels,
        removable_channels=_going(bounds.values()),
        removable_macs=removable_macs,
        removable_parameters=metrics.sparsity(thinnest.parameters, summary.parameters),
        removable_weights=_free_weights(summary),
        minimum_width=_DEFAULTS.minimum_width,
        warning=_warning(summary, verdicts, removable_macs),
        notes=summary.notes,
    )


def _verdict(layer: Layer, groups: list[ChannelGroupInfo], lock: LockInfo | None) -> LayerVerdict:
    """Everything but the counts of what can go."""
    others = dict.fromkeys(name for group in groups for name in group.layers if name != layer.name)
    if not groups:
        lock = lock or LockInfo(layer=layer.name, reason=_UNKNOWN)
    status: LayerStatus = "locked" if lock else "coupled" if others else "prunable"
    return LayerVerdict(
        layer=layer.name,
        status=status,
        groups=tuple(group.name for group in groups),
        unit=groups[0].unit if not lock else None,
        units=sum(group.width for group in groups),
        removable_channels=0,
        removable_macs=0,
        coupled_with=tuple(others),
        lock=lock,
        inexact=() if lock else tuple(dict.fromkeys(node for group in groups for node in group.inexact)),
        difference=max((group.difference for group in groups if group.difference is not None), default=None),
    )


def _too_thin(layer: str, groups: Sequence[ChannelGroupInfo]) -> LockInfo:
    """The lock on a layer whose groups are no wider than they must stay."""
    group = min(groups, key=lambda held: held.width)
    unit, width = _UNITS.get(group.unit, group.unit), group.width
    if width == 1:
        reason = f"there is only one {unit}, and one stays"
    elif width <= group.multiple:
        reason = f"there are only {width} {unit}s, which go together or not at all"
    else:
        reason = f"there are only {width} {unit}s, and prune.minimum_width keeps {_DEFAULTS.minimum_width}"
    return LockInfo(layer=layer, reason=reason)


def _free_weights(summary: NetworkSummary) -> int:
    model = WeightModel.of(summary, _DEFAULTS)
    return sum(model.dense) - sum(model.floor)


def _going(bounds: Iterable[WidthBounds]) -> int:
    return sum(found.dense - found.floor for found in bounds)


def _warning(summary: NetworkSummary, verdicts: tuple[LayerVerdict, ...], removable_macs: float) -> str | None:
    if all(verdict.status == "locked" for verdict in verdicts):
        return f"{_NOTHING} {_WEIGHTS_ONLY if _free_weights(summary) else _NO_WEIGHTS}"
    if removable_macs >= LITTLE:
        return None
    macs = {layer.name: layer.macs for layer in summary.layers}
    held = sorted((verdict.layer for verdict in verdicts if verdict.status == "locked"), key=lambda name: -macs[name])
    names = ", ".join(f"`{name}`" for name in held[:_NAMED])
    return f"Only {removable_macs:.1%} of the MACs can go. The largest locked layers are {names}."

"""Measured times of the dense network's layers, and whether a list of them is of this network."""

from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Self

from pydantic import Field, PositiveInt, StringConstraints, field_validator, model_validator

from backend.domain.bounds import unknown_pins
from backend.domain.named_numbers import name_of, numbers, sort_once
from backend.domain.network import NetworkSummary
from backend.domain.spec import Spec

LayerTime = Annotated[str, StringConstraints(max_length=540)]
"""A layer and the milliseconds of one call, such as `conv1=0.35`."""
_MOST_LAYERS = 3
"""Missing layers that one sentence names."""


class Latency(Spec):
    """How long each layer of the dense network takes, for what counts latency.

    A layer's time shrinks in proportion to its multiply-accumulate operations; that of norms, activations and pooling
    behind it in proportion to its width.
    """

    layers: tuple[LayerTime, ...] = Field(
        (),
        max_length=10_000,
        description="Milliseconds of every layer, such as `conv1=0.35`; `secateur latency` prints this list. Empty: "
        "the layers are timed when the run begins, on its device, and the run's page tells what was measured.",
    )
    behind: tuple[LayerTime, ...] = Field(
        (),
        max_length=10_000,
        description="Milliseconds of what runs on a layer's output up to the next (norms, activations, pooling), "
        "such as `conv1=0.2`; `secateur latency` prints this list too. A layer that is left out has nothing behind it.",
    )
    batch_size: PositiveInt = Field(1, le=65_536, description="Examples in the batch that the layers are timed with.")

    @field_validator("layers", "behind")
    @classmethod
    def _check_times(cls, times: tuple[str, ...]) -> tuple[str, ...]:
        """Each a layer and a time above zero; a layer named twice is refused."""
        for item in times:
            if not name_of(item) or not _is_time(item.rpartition("=")[2]):
                raise ValueError(
                    f"`{item}` is no layer with a time above zero; write layer=milliseconds, such as `conv1=0.35`"
                )
        return sort_once(times, "times")

    @model_validator(mode="after")
    def _check_layers_are_told(self) -> Self:
        if self.behind and not self.layers:
            raise ValueError(
                "latency.behind tells times behind layers, and latency.layers none of the layers themselves: tell "
                "both, or neither, and the run measures them"
            )
        return self

    @property
    def milliseconds(self) -> dict[str, float]:
        """Times by layer."""
        return numbers(self.layers)

    @property
    def milliseconds_behind(self) -> dict[str, float]:
        """Times of what runs on the layers' outputs; of layers behind which there is something."""
        return numbers(self.behind)


def _is_time(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return isfinite(value) and value > 0


@dataclass(frozen=True)
class LatencyMisfit:
    """Why a list of times is not of this network."""

    field: str
    """The list."""
    detail: str
    """A sentence that names the layers."""
    hint: str
    """What to do about it."""


def latency_misfit(summary: NetworkSummary, latency: Latency | None) -> LatencyMisfit | None:
    """What is wrong with a list of times; None where nothing is, and where the run measures them itself."""
    if latency is None or not latency.layers:
        return None
    times = latency.milliseconds
    names = tuple(dict.fromkeys(layer.name for layer in summary.layers))
    for field, told in (("latency.layers", times), ("latency.behind", latency.milliseconds_behind)):
        unknown = unknown_pins(summary.model_copy(update={"locks": ()}), tuple(told))
        if unknown:
            return LatencyMisfit(field, unknown[0].detail, f"Correct {field}.")
    missing = [name for name in names if name not in times]
    if not missing:
        return None
    first = ", ".join(f"`{name}`" for name in missing[:_MOST_LAYERS])
    more = f" and {len(missing) - _MOST_LAYERS} more" if len(missing) > _MOST_LAYERS else ""
    return LatencyMisfit(
        "latency.layers",
        f"latency.layers tells no time of {first}{more}.",
        "Add them (`secateur latency` measures and prints all layers), or leave the list empty: then the run measures "
        "them itself.",
    )

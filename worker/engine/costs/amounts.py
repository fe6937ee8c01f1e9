"""What costs count: floating-point operations, or the measured time of the layers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from backend.domain.costs import Cost
from backend.domain.latencies import Latency
from backend.domain.thinning import SizeModel, Width
from worker.engine.costs.cost import Amount
from worker.engine.costs.forms import LinearForms, vector

_ONE = Width(1)


class Operations:
    """C = sum over layers of H W C_out (2 C_in K^2 + 1) (Theis et al. 2018), and products of activations.

    Two for each multiply-accumulate operation, and one for each output of a layer.
    """

    def __init__(self, model: SizeModel) -> None:
        groups = tuple(model.dense_widths)
        self.dense_widths = vector(model.dense_widths.values())
        self._products = _Products([form.axes for form in model.operations], groups)
        self._operations = vector(2 * form.amount / form.sizes for form in model.operations)
        self._fixed = 2.0 * (model.dense.macs - sum(form.amount for form in model.operations))
        self._outputs = _Products([layer.outputs for layer in model.layers], groups)
        self._places = vector(layer.places for layer in model.layers)

    def at(self, widths: Tensor) -> Tensor:
        """Floating-point operations for one example at widths (..., G): (...)."""
        products, outputs = self._products.at(widths), self._outputs.at(widths)
        return (self._operations * products).sum(-1) + (self._places * outputs).sum(-1) + self._fixed


class Duration:
    """T = sum over layers of t * the share of multiply-accumulate operations that is left + b * the share of the width.

    `latency` tells of the dense network every layer's t, and b of what runs on its outputs. The model is linear: it
    knows nothing of steps at widths that suit a machine, and of what does not shrink at all.
    """

    def __init__(self, model: SizeModel, latency: Latency) -> None:
        self.dense_widths = vector(model.dense_widths.values())
        layers, behind = latency.milliseconds, latency.milliseconds_behind
        shares = model.shrinking_shares()
        followed = {layer.name: layer for layer in model.layers if layer.name in behind}
        axes = [*(share.axes for share in shares), *(layer.outputs for layer in followed.values())]
        times = [*(layers[share.layer] * share.share for share in shares), *(behind[name] for name in followed)]
        self._products = _Products(axes, tuple(model.dense_widths))
        self._times = vector(times) / self._products.at(self.dense_widths)
        self._fixed = sum(layers.values()) + sum(behind.values()) - float(self._at(self.dense_widths))

    def at(self, widths: Tensor) -> Tensor:
        """Milliseconds of one call at widths (..., G): (...)."""
        return self._at(widths) + self._fixed

    def _at(self, widths: Tensor) -> Tensor:
        return (self._times * self._products.at(widths)).sum(-1)


class _Products:
    """Products of linear forms, all at once."""

    def __init__(self, products: Sequence[Sequence[Width]], groups: tuple[str, ...]) -> None:
        self._count = len(products)
        most = max((len(axes) for axes in products), default=0)
        self._factors = [LinearForms.of([_axis(axes, place) for axes in products], groups) for place in range(most)]

    def at(self, widths: Tensor) -> Tensor:
        """Evaluate at widths (..., G): (..., products)."""
        result = torch.ones(*widths.shape[:-1], self._count, dtype=torch.float64)
        for factor in self._factors:
            result = result * factor.at(widths)
        return result


def _axis(axes: Sequence[Width], place: int) -> Width:
    return axes[place] if place < len(axes) else _ONE


def amount_of(cost: Cost, model: SizeModel, latency: Latency | None) -> Amount:
    """What a recipe's cost counts; its section `latency` holds times where it counts them."""
    if cost.kind == "none" or cost.counted == "operations":
        return Operations(model)
    return Duration(model, known(latency))


def known(latency: Latency | None) -> Latency:
    """The times, once there are any."""
    if latency is None or not latency.layers:
        raise RuntimeError("the layers are timed before anything counts latency")
    return latency

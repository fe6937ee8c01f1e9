"""What one channel of each group stands for: the parameters or operations that leave with it."""

from collections.abc import Mapping
from typing import Literal

from backend.domain.thinning import SizeModel


def channel_sizes(model: SizeModel, counted: Literal["parameters", "macs", "channels"]) -> Mapping[str, float]:
    """Per group, of the dense network: parameters of one channel; its operations on the same scale; or 1.

    Operations are multiplied by one number, so that all channels together cost as much as in parameters.
    """
    if counted == "channels":
        return dict.fromkeys(model.dense_widths, 1.0)
    dense = model.dense_widths
    thinner = {name: model.counts({**dense, name: width - 1}) for name, width in dense.items()}
    parameters = {name: float(model.dense.parameters - counts.parameters) for name, counts in thinner.items()}
    if counted == "parameters":
        return parameters
    macs = {name: float(model.dense.macs - counts.macs) for name, counts in thinner.items()}
    scale = _total(parameters, model) / _total(macs, model)
    return {name: scale * value for name, value in macs.items()}


def _total(sizes: Mapping[str, float], model: SizeModel) -> float:
    return sum(size * model.dense_widths[name] for name, size in sizes.items())

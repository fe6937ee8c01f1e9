"""What one channel of each group stands for: the parameters, operations or time that leave with it."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from backend.domain.latencies import Latency
from backend.domain.thinning import SizeModel
from worker.engine.costs.amounts import Duration, known
from worker.engine.costs.cost import CostModel

Counted: TypeAlias = Literal["parameters", "macs", "latency", "channels"]


def channel_sizes(model: SizeModel, counted: Counted, latency: Latency | None = None) -> Mapping[str, float]:
    """Per group, of the dense network: parameters of one channel; its operations or time on the same scale; or 1.

    Operations and times are multiplied by one number, so that all channels together cost as much as in parameters.
    `latency` tells the time of every layer, where that is counted.
    """
    if counted == "channels":
        return dict.fromkeys(model.dense_widths, 1.0)
    dense = model.dense_widths
    thinner = {name: model.counts({**dense, name: width - 1}) for name, width in dense.items()}
    parameters = {name: float(model.dense.parameters - counts.parameters) for name, counts in thinner.items()}
    if counted == "parameters":
        return parameters
    macs = {name: float(model.dense.macs - counts.macs) for name, counts in thinner.items()}
    sizes = macs if counted == "macs" else _saved_times(Duration(model, known(latency)), dense)
    scale = _total(parameters, model) / _total(sizes, model)
    return {name: scale * value for name, value in sizes.items()}


def _saved_times(times: Duration, groups: Iterable[str]) -> Mapping[str, float]:
    changes = CostModel(times).changes(times.dense_widths)
    return dict(zip(groups, (-changes).tolist(), strict=True))


def _total(sizes: Mapping[str, float], model: SizeModel) -> float:
    return sum(size * model.dense_widths[name] for name, size in sizes.items())

"""A module that answers by other tensors than its own parameters, for one forward pass."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn


class Substitution:
    """Knows every place that holds a parameter, tied ones included, so that nothing is looked for in a step."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        places: dict[int, list[tuple[dict[str, Any], str]]] = defaultdict(list)
        for layer in module.modules():
            for attribute, parameter in layer._parameters.items():
                places[id(parameter)].append((layer._parameters, attribute))
        self._places = {name: places[id(parameter)] for name, parameter in module.named_parameters()}

    def __call__(self, weights: Mapping[str, Tensor], *inputs: Tensor) -> Any:
        """What the module answers with these tensors in place of its own, by name."""
        own: list[tuple[dict[str, Any], str, Any]] = []
        try:
            for name, weight in weights.items():
                for holder, attribute in self._places[name]:
                    own.append((holder, attribute, holder[attribute]))
                    holder[attribute] = weight
            return self._module(*inputs)
        finally:
            for holder, attribute, parameter in own:
                holder[attribute] = parameter

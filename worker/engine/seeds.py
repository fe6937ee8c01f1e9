"""Named random generators: every draw of a run comes from one of them, and all travel in the checkpoint."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

_GLOBAL = "torch"


def named_generator(seed: int, name: str) -> torch.Generator:
    """Make a CPU generator whose stream depends on the seed and the name alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))


class Generators:
    """The run's random streams by name, and torch's own one, which dropout draws from."""

    def __init__(self, seed: int, names: tuple[str, ...], device: torch.device) -> None:
        self._named = {name: named_generator(seed, name) for name in names}
        self._device = device
        torch.manual_seed(named_generator(seed, _GLOBAL).initial_seed())

    def __getitem__(self, name: str) -> torch.Generator:
        return self._named[name]

    def tensors(self) -> dict[str, Tensor]:
        """States of all streams, by name."""
        states = {name: generator.get_state() for name, generator in self._named.items()}
        states[_GLOBAL] = torch.get_rng_state()
        if self._device.type == "cuda":
            states[f"{_GLOBAL}.cuda"] = torch.cuda.get_rng_state(self._device)
        return states

    def restore(self, states: Mapping[str, Tensor]) -> None:
        """Put all streams where they were when `tensors` was called; any that was not there starts fresh."""
        for name, generator in self._named.items():
            if name in states:
                generator.set_state(states[name])
        torch.set_rng_state(states[_GLOBAL])
        on_device = states.get(f"{_GLOBAL}.cuda")
        if self._device.type == "cuda" and on_device is not None:
            torch.cuda.set_rng_state(on_device, self._device)

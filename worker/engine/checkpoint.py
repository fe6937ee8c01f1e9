"""The whole state of a run after a step, as plain tensors and JSON: safetensors on disk, no pickle."""

import json
from dataclasses import dataclass, field
from typing import Self

from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from backend.domain.errors import FailureCode, JobFailure

_METADATA_KEY = "secateur.checkpoint"
"""One key only: safetensors writes several in no fixed order, and equal states must give equal bytes."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on bit for bit after `step`; tensors are on the CPU and nobody else's."""

    step: int
    tensors: dict[str, Tensor] = field(repr=False)
    state: dict[str, JsonValue]

    def to_bytes(self) -> bytes:
        """Serialize as safetensors; the JSON state travels in its metadata."""
        value = json.dumps({"step": self.step, "state": self.state}, sort_keys=True)
        return save({name: tensor.contiguous() for name, tensor in self.tensors.items()}, {_METADATA_KEY: value})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; JobFailure(INTERNAL_ERROR) when it is something else."""
        try:
            length = int.from_bytes(data[:8], "little")
            value = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_METADATA_KEY])
            return cls(value["step"], load(data), value["state"])
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise JobFailure(
                FailureCode.INTERNAL_ERROR,
                "The run's checkpoint cannot be read.",
                "Start the run again from its recipe.",
            ) from error

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Tensors whose name starts with `prefix/`, without it."""
        start = prefix + "/"
        return {name.removeprefix(start): tensor for name, tensor in self.tensors.items() if name.startswith(start)}

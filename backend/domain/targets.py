"""Targets: where a run stops."""

from typing import Annotated, Literal

from pydantic import Field

from backend.domain.spec import Spec

TargetKind = Literal["sparsity", "macs", "parameters"]


class SparsityTarget(Spec):
    """Remove at least this fraction of the prunable channels (or of the prunable weights, where single weights go)."""

    kind: Literal["sparsity"] = "sparsity"
    sparsity: float = Field(gt=0.0, lt=1.0, description="Fraction of the prunable channels (or weights) to remove.")

    @property
    def density(self) -> float:
        """Fraction of the channels (or weights) that may stay."""
        return 1.0 - self.sparsity


class MacTarget(Spec):
    """Get down to this fraction of the dense network's multiply-accumulate operations."""

    kind: Literal["macs"] = "macs"
    density: float = Field(gt=0.0, lt=1.0, description="MACs kept, as a fraction of the dense network's.")


class ParameterTarget(Spec):
    """Get down to this fraction of the dense network's parameters."""

    kind: Literal["parameters"] = "parameters"
    density: float = Field(gt=0.0, lt=1.0, description="Parameters kept, as a fraction of the dense network's.")


Target = Annotated[SparsityTarget | MacTarget | ParameterTarget, Field(discriminator="kind")]

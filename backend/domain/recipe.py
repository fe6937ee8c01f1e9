"""The recipe: one frozen value that is request body, database column, engine input, form and identity of a run."""

import hashlib
import json
from typing import Any, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, ValidationInfo, model_validator

from backend.domain.combinations import contradiction
from backend.domain.latencies import Latency
from backend.domain.pruning import Prune
from backend.domain.retraining import DenseTraining, Distillation, Retrain, Sparsify
from backend.domain.sections import Sections
from backend.domain.spec import STORED, Spec
from backend.domain.targets import Target

_ADDED: dict[str, dict[str, Any]] = {
    "prune": {"pins": [], "width_multiple": 1, "dead_channels": "remove", "measure_removals": False},
    "prune.criterion": {"labels": "data"},
    "prune.criterion:learned": {"normalization": "none"},
    "prune.allocation": {"layer_factors": []},
    "prune.cost": {"counted": "operations"},
    "dense": {"learning_rate_warm_up": 0.0},
    "sparsify": {"gradient_norm": None, "passes": "once", "learning_rate_warm_up": 0.0},
    "sparsify.regularizer": {
        "noise": "weights",
        "prior": "normal_jeffreys",
        "global_scale": 1e-5,
        "dropped": "channels",
        "gated": "channels",
    },
    "retrain": {
        "gradient_norm": None,
        "start": {"kind": "continue"},
        "budget": "epochs",
        "parts": "together",
        "learning_rate_warm_up": 0.0,
    },
    "distill": {"during": "retraining"},
    "latency": {"behind": []},
}
_ADDED_SECTIONS = ("sparsify", "dense", "latency")
"""Settings and sections that came after the first recipes were fingerprinted, each with the value that changes nothing;
of a section that is `None`."""


class DataSplit(Spec):
    """How the training data is batched, and what part of it is held out for validation."""

    validation_share: float = Field(
        0.1, ge=0.01, le=0.5, description="Share of the training data held out; every choice is made on it."
    )
    batch_size: PositiveInt = Field(128, le=65_536, description="Examples per mini-batch.")
    scaling: Literal["none", "unit", "standardize"] = Field(
        "standardize",
        description="What the network was trained on. none: values as stored; unit: pixels divided by 255; "
        "standardize: then minus the mean, over the standard deviation, of each channel of the training data.",
    )


class Compute(Spec):
    """Numeric precision of the run."""

    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="bfloat16: autocast; faster on GPUs that have it."
    )


class Recipe(Spec):
    """Everything that decides the outcome of a pruning run, given a model and a dataset."""

    schema_version: Literal[1] = 1
    target: Target = Field(description="Where to stop.")
    prune: Prune = Field(description="What is removed, and how.")
    dense: DenseTraining | None = Field(
        None, description="Train the dense network itself first, so that its early weights are known."
    )
    sparsify: Sparsify | None = Field(None, description="Train with a regularizer before anything is removed.")
    retrain: Retrain = Field(description="Retraining at every operating point.")
    distill: Distillation | None = Field(
        None, description="Learn from the dense network, while retraining or already while the network becomes sparse."
    )
    latency: Latency | None = Field(
        None, description="Times of the layers, where prune.cost or a regularizer counts latency."
    )
    data: DataSplit = Field(default_factory=DataSplit, description="Batches and the validation split.")
    compute: Compute = Field(default_factory=Compute, description="Numeric precision.")
    seed: NonNegativeInt = Field(0, le=2**31 - 1, description="Decides the split, the order of examples and all draws.")

    @model_validator(mode="after")
    def _check_axes(self, info: ValidationInfo) -> Self:
        """A stored recipe stands as it is: rules that came after it was run do not make its row unreadable."""
        if info.context == STORED:
            return self
        sentence = contradiction(
            Sections(self.prune, self.dense, self.sparsify, self.retrain, self.distill, self.latency)
        )
        if sentence is not None:
            raise ValueError(sentence)
        return self

    def fingerprint(self) -> str:
        """sha256 (hex) of the canonical JSON: equal recipes, equal fingerprints.

        A setting that was added later and changes nothing is left out, so that older recipes keep theirs.
        """
        value = self.model_dump(mode="json")
        for section in _ADDED_SECTIONS:
            if value[section] is None:
                del value[section]
        for path, settings in _ADDED.items():
            part = _at(path, value)
            for name, neutral in settings.items():
                if name in part and part[name] == neutral:
                    del part[name]
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _at(path: str, value: dict[str, Any]) -> dict[str, Any]:
    """The part of a dumped recipe at a path such as `prune.criterion`; empty where the recipe leaves it out.

    `prune.criterion:learned` is that part where it is of this kind; empty where it is of another.
    """
    path, _, kind = path.partition(":")
    for name in path.split("."):
        value = value.get(name) or {}
    return value if kind in ("", value.get("kind")) else {}

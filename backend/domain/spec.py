"""The base of every value in the domain: frozen, and strict about what it is given."""

from pydantic import BaseModel, ConfigDict

STORED = "stored"
"""Context of the validation of what was accepted earlier, and stored."""


class Spec(BaseModel):
    """A frozen value that refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

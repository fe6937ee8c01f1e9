"""What all bodies and answers share: ids, names, errors."""

from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.db.base import NAME_LENGTH
from backend.db.models.failure import FailureColumns

ID_PATTERN = "^[0-9a-f]{32}$"
EXAMPLE_ID = "0f8fad5bd9cb469fa16570867728950e"

Id = Annotated[str, Field(pattern=ID_PATTERN, description="An id: 32 hexadecimal digits.", examples=[EXAMPLE_ID])]
"""An id in a body."""
PathId = Annotated[str, Path(pattern=ID_PATTERN, description="An id: 32 hexadecimal digits.", examples=[EXAMPLE_ID])]
"""An id in a path."""


def check_name(name: str) -> str:
    """A name that can be shown on one line; raises ValueError for any other."""
    if not name.isprintable():
        raise ValueError("a name may only hold printable characters, on one line")
    return name


Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), AfterValidator(check_name)]
"""A name that a person gives."""


class Body(BaseModel):
    """The base of request bodies: unknown keys are refused, blanks around names are dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Answer(BaseModel):
    """The base of answers."""

    model_config = ConfigDict(frozen=True)


class Problem(Answer):
    """One thing that is wrong with a request."""

    field: str = Field(description="Dotted path into the body, for example `recipe.prune.cost.beta`; may be empty.")
    detail: str = Field(description="What is wrong, as a sentence.")


class ErrorAnswer(Answer):
    """Every answer with a status of 400 or more."""

    error: str = Field(description="A stable code.", examples=["invalid_value"])
    detail: str = Field(description="A sentence that says what is wrong and what to do.")
    field: str | None = Field(None, description="The first offending field, as a dotted path into the body.")
    hint: str | None = Field(None, description="A second sentence that helps.")
    problems: list[Problem] | None = Field(None, description="All problems, where a body was refused.")


class FailureAnswer(Answer):
    """Why a job, a model or a dataset failed."""

    code: str = Field(description="A stable code.", examples=["out_of_memory"])
    detail: str = Field(description="What happened, as a sentence.")
    hint: str = Field("", description="What to do about it; may be empty.")


def failure_of(row: FailureColumns) -> FailureAnswer | None:
    """The failure that a row carries, or None."""
    if row.error_code is None:
        return None
    return FailureAnswer(code=row.error_code, detail=row.error_detail or "", hint=row.error_hint or "")

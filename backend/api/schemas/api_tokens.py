"""API tokens: making one, and what is known of one afterwards."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from backend.api.schemas.common import Answer, Body, Id, check_name
from backend.db.models import ApiTokenRow
from backend.services.api_tokens import DEFAULT_DAYS, MOST_DAYS, NAME_LENGTH, NewToken

TokenName = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), AfterValidator(check_name)]


class ApiTokenBody(Body):
    """Make an API token."""

    name: TokenName = Field(description="What it is for.", examples=["training server"])
    days: int = Field(DEFAULT_DAYS, ge=1, le=MOST_DAYS, description="How long it is good for.")


class ApiTokenAnswer(Answer):
    """A token, without its secret."""

    id: Id
    name: str
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None = Field(description="When it was last used, to within a minute.")

    @classmethod
    def of(cls, row: ApiTokenRow) -> Self:
        """The answer for a row."""
        return cls(id=row.id, name=row.name, created_at=row.created_at, expires_at=row.expires_at, seen_at=row.seen_at)


class NewApiTokenAnswer(ApiTokenAnswer):
    """A token that was just made."""

    secret: str = Field(description="Send it as `Authorization: Bearer <secret>`. It is shown this once.")

    @classmethod
    def of_new(cls, token: NewToken) -> Self:
        """The answer for a fresh token."""
        return cls(**ApiTokenAnswer.of(token.row).model_dump(), secret=token.secret)

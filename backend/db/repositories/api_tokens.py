"""API tokens; callers hand in sha256 values, never secrets."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from backend.db.base import database_time
from backend.db.models import ApiTokenRow
from backend.db.repositories.repository import Repository
from backend.domain.errors import NotFound


class ApiTokens(Repository):
    """The table `api_token`."""

    def add(self, row: ApiTokenRow) -> ApiTokenRow:
        """Keep a new token."""
        self._session.add(row)
        self._session.flush()
        return row

    def list_all(self) -> Sequence[ApiTokenRow]:
        """All tokens, newest first, also those that have run out."""
        return self._session.scalars(select(ApiTokenRow).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id)).all()

    def find(self, token_hash: str) -> ApiTokenRow | None:
        """A token that is still good, or None."""
        query = select(ApiTokenRow).where(
            ApiTokenRow.token_hash == token_hash, ApiTokenRow.expires_at > database_time()
        )
        return self._session.scalars(query).one_or_none()

    def touch(self, token_id: str) -> None:
        """Note that a token is in use."""
        query = update(ApiTokenRow).where(ApiTokenRow.id == token_id).values(seen_at=database_time())
        self._session.execute(query.execution_options(synchronize_session=False))

    def delete(self, token_id: str) -> None:
        """Revoke a token; raises `NotFound`."""
        query = delete(ApiTokenRow).where(ApiTokenRow.id == token_id).returning(ApiTokenRow.id)
        if not self._session.scalars(query.execution_options(synchronize_session=False)).all():
            raise NotFound("There is no such API token.")

"""Browser sessions and the one-time codes that open them; callers hand in sha256 values, never secrets."""

from sqlalchemy import delete, insert, or_, select, update

from backend.db.base import database_time
from backend.db.models import LoginCodeRow, SessionRow
from backend.db.repositories.repository import Repository

IDLE_S = 12 * 3600.0
"""A session that was not used for so long has ended."""
LIFETIME_S = 7 * 24 * 3600.0
"""No session lasts longer."""
CODE_LIFETIME_S = 600.0
"""How long a login code can be used."""


class Sessions(Repository):
    """The tables `session` and `login_code`."""

    def add(self, token_hash: str, user: str) -> None:
        """Open a session."""
        self._session.execute(insert(SessionRow).values(token_hash=token_hash, user=user))

    def find(self, token_hash: str) -> SessionRow | None:
        """A session that is still good, or None."""
        now = database_time()
        return self._session.scalars(
            select(SessionRow).where(
                SessionRow.token_hash == token_hash,
                SessionRow.seen_at > now - IDLE_S,
                SessionRow.created_at > now - LIFETIME_S,
            )
        ).one_or_none()

    def touch(self, token_hash: str) -> None:
        """Note that a session is in use."""
        query = update(SessionRow).where(SessionRow.token_hash == token_hash).values(seen_at=database_time())
        self._session.execute(query.execution_options(synchronize_session=False))

    def delete(self, token_hash: str) -> None:
        """Close a session."""
        query = delete(SessionRow).where(SessionRow.token_hash == token_hash)
        self._session.execute(query.execution_options(synchronize_session=False))

    def add_code(self, code_hash: str) -> None:
        """Keep a fresh login code for `CODE_LIFETIME_S`."""
        expires_at = database_time() + CODE_LIFETIME_S
        self._session.execute(insert(LoginCodeRow).values(code_hash=code_hash, expires_at=expires_at))

    def redeem_code(self, code_hash: str) -> bool:
        """Use a login code up; true when it was good. One statement: a code opens one session, never two."""
        query = (
            delete(LoginCodeRow)
            .where(LoginCodeRow.code_hash == code_hash, LoginCodeRow.expires_at > database_time())
            .returning(LoginCodeRow.code_hash)
        )
        return bool(self._session.scalars(query.execution_options(synchronize_session=False)).all())

    def purge(self) -> None:
        """Forget sessions and codes that have run out."""
        now = database_time()
        stale = or_(SessionRow.seen_at <= now - IDLE_S, SessionRow.created_at <= now - LIFETIME_S)
        self._session.execute(delete(SessionRow).where(stale).execution_options(synchronize_session=False))
        expired = delete(LoginCodeRow).where(LoginCodeRow.expires_at <= now)
        self._session.execute(expired.execution_options(synchronize_session=False))

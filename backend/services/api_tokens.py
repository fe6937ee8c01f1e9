"""API tokens: made for a program, shown once, revoked at any time; only hashes are stored."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.db import UnitOfWork
from backend.db.models import ApiTokenRow
from backend.domain.errors import NotFound
from backend.services.accounts import SECRET_BYTES, TOUCH_EVERY, USER

PREFIX = "sec_"
"""How a token begins, so that people and secret scanners recognize one."""
DEFAULT_DAYS, MOST_DAYS = 90, 365
NAME_LENGTH = 100


@dataclass(frozen=True)
class NewToken:
    """A token that was just made; `secret` is known nowhere else and never again."""

    row: ApiTokenRow
    secret: str


def create_token(work: UnitOfWork, name: str, days: int = DEFAULT_DAYS) -> NewToken:
    """Make a token that is good for so many days (256 random bits; the database keeps its sha256)."""
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    expires_at = datetime.now(UTC) + timedelta(days=days)
    row = work.api_tokens.add(ApiTokenRow(name=name, token_hash=_digest(secret), user=USER, expires_at=expires_at))
    work.refresh(row)
    return NewToken(row, secret)


def list_tokens(work: UnitOfWork) -> Sequence[ApiTokenRow]:
    """All tokens, newest first."""
    return work.api_tokens.list_all()


def revoke_token(work: UnitOfWork, token_id: str) -> None:
    """Make a token useless at once; raises `NotFound`."""
    work.api_tokens.delete(token_id)


def revoke_named(work: UnitOfWork, name: str) -> int:
    """Revoke every token of this name; returns how many there were, raises `NotFound` when there was none."""
    rows = [row for row in work.api_tokens.list_all() if row.name == name]
    if not rows:
        known = ", ".join(f"`{row.name}`" for row in work.api_tokens.list_all())
        raise NotFound(f"There is no API token `{name}`.", hint=f"There are: {known}." if known else None)
    for row in rows:
        work.api_tokens.delete(row.id)
    return len(rows)


def find_user(work: UnitOfWork, secret: str) -> str | None:
    """Whose token this is, noted as in use; None when it is wrong, revoked or too old."""
    row = work.api_tokens.find(_digest(secret))
    if row is None:
        return None
    if row.seen_at is None or datetime.now(UTC) - row.seen_at > TOUCH_EVERY:
        work.api_tokens.touch(row.id)
    return row.user


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

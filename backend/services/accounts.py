"""Logging in: one-time codes become sessions; only hashes of either are stored."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from backend.db import UnitOfWork
from backend.db.models import SessionRow
from backend.domain.errors import Unauthenticated

USER = "admin"
"""The one account of an installation."""
SECRET_BYTES = 32
TOUCH_EVERY = timedelta(minutes=1)
"""A session in use is noted no more often than this: not every request writes."""


def make_login_code(work: UnitOfWork) -> str:
    """A fresh one-time code, good for ten minutes; the database keeps only its sha256."""
    code = secrets.token_urlsafe(SECRET_BYTES)
    work.sessions.purge()
    work.sessions.add_code(_digest(code))
    return code


def log_in(work: UnitOfWork, code: str) -> str:
    """Use a code up and open a session; returns the session's token (256 random bits).

    Raises `Unauthenticated` for a code that is wrong, used or too old.
    """
    if not work.sessions.redeem_code(_digest(code)):
        raise Unauthenticated(
            "This login code is wrong, was used before, or is older than ten minutes.",
            field="code",
            hint="Run `secateur login-url` for a new one.",
        )
    token = secrets.token_urlsafe(SECRET_BYTES)
    work.sessions.add(_digest(token), USER)
    return token


def find_session(work: UnitOfWork, token: str) -> SessionRow | None:
    """The live session of a token, noted as in use; None when there is none."""
    row = work.sessions.find(_digest(token))
    if row is not None and datetime.now(UTC) - row.seen_at > TOUCH_EVERY:
        work.sessions.touch(row.token_hash)
    return row


def log_out(work: UnitOfWork, token: str) -> None:
    """Close a session at once."""
    work.sessions.delete(_digest(token))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

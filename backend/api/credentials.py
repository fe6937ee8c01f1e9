"""What a request shows to be let in: a browser's session cookie, or a program's API token."""

from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import Scope as AsgiScope

from backend.api.cookie import session_token
from backend.db import UnitOfWork
from backend.services import accounts, api_tokens

_SCHEME = "bearer "


@dataclass(frozen=True, repr=False)
class Credential:
    """One secret and where it came from; it has no representation that could end up in a log."""

    kind: Literal["session", "token"]
    secret: str


def read_credential(scope: AsgiScope) -> Credential | None:
    """The request's API token where it sends one (then its cookie does not count), else its session."""
    if (token := bearer_token(scope)) is not None:
        return Credential("token", token)
    cookie = session_token(scope)
    return Credential("session", cookie) if cookie else None


def bearer_token(scope: AsgiScope) -> str | None:
    """What stands behind `Authorization: Bearer`; None without such a header."""
    value = Headers(scope=scope).get("authorization", "")
    return value[len(_SCHEME) :].strip() if value.lower().startswith(_SCHEME) else None


def find_user(work: UnitOfWork, credential: Credential) -> str | None:
    """Who that is; None when the secret is wrong, revoked or too old."""
    if credential.kind == "token":
        return api_tokens.find_user(work, credential.secret)
    row = accounts.find_session(work, credential.secret)
    return row.user if row else None

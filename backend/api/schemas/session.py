"""Logging in."""

from pydantic import Field

from backend.api.schemas.common import Answer, Body


class LoginBody(Body):
    """The one-time code that `secateur up` or `secateur login-url` printed."""

    code: str = Field(min_length=1, max_length=200, examples=["q8Zr0H2vXxk7h3Yy1nS5dQ"])


class SessionAnswer(Answer):
    """Who is logged in, and to what."""

    user: str = Field(examples=["admin"])
    version: str = Field(description="Version of Secateur.", examples=["0.1.0"])
    upload_limit_bytes: int = Field(description="Largest file that may be uploaded.")

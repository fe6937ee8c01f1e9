"""Every error leaves the server in one shape; one table says which refusal has which status."""

import errno
import logging
from http import HTTPStatus
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from backend.api.schemas.common import ErrorAnswer, Problem
from backend.db import DATABASE_AWAY
from backend.domain import errors
from backend.services.problems import describe_errors

_LOG = logging.getLogger(__name__)


class UnknownHost(errors.Refusal):
    """The request is addressed to a name this server does not answer to (a rebound DNS name, for example)."""

    code = "unknown_host"


class BodyTimeout(errors.Refusal):
    """The request's body did not come in time."""

    code = "body_timeout"


STATUSES: dict[type[errors.Refusal], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.InvalidValue: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.DiskFull: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownHost: HTTPStatus.MISDIRECTED_REQUEST,
    BodyTimeout: HTTPStatus.REQUEST_TIMEOUT,
}
"""A subclass has the status of its base."""
RETRY_AFTER_S = 5
_STATUS_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "too_large"}
_NO_SPACE_TEXTS = ("disk is full", "No space left")


def answer_refusal(refusal: errors.Refusal, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer to something that cannot be done."""
    status = next((STATUSES[base] for base in type(refusal).__mro__ if base in STATUSES), HTTPStatus.BAD_REQUEST)
    extra = {"Retry-After": "60"} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    body = ErrorAnswer(error=refusal.code, detail=refusal.detail, field=refusal.field, hint=refusal.hint)
    return _answer(status, body, {**extra, **(headers or {})})


def answer_unavailable(error: Exception) -> JSONResponse:
    """The answer while the database is busy, away, or out of space."""
    if isinstance(error, DBAPIError) and any(text in str(error.orig) for text in _NO_SPACE_TEXTS):
        return answer_refusal(errors.DiskFull("The disk is full.", hint="Free some space and try again."))
    _LOG.error("The database did not answer: %s", error)
    body = ErrorAnswer(error="unavailable", detail="The database is busy or away; try again in a moment.")
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, body, {"Retry-After": str(RETRY_AFTER_S)})


def answer_unexpected(error: Exception, request: str) -> JSONResponse:
    """The answer to what should not happen: the log gets everything under a number, the caller gets the number."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return answer_refusal(errors.DiskFull("The disk is full.", hint="Free some space and try again."))
    incident = uuid4().hex[:12]
    _LOG.error("Incident %s: %s failed", incident, request, exc_info=error)
    body = ErrorAnswer(
        error="internal_error",
        detail="Something went wrong in the server.",
        hint=f"The server's log tells more; look for incident {incident}.",
    )
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, body)


def install_error_handlers(app: FastAPI) -> None:
    """Make the application answer every exception in the one shape."""
    app.add_exception_handler(errors.Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for away in DATABASE_AWAY:
        app.add_exception_handler(away, _on_database)
    app.add_exception_handler(IntegrityError, _on_race)
    app.add_exception_handler(StaleDataError, _on_race)


async def _on_refusal(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, errors.Refusal):
        raise error
    return answer_refusal(error)


async def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = []
    for item in error.errors():
        place, *path = item["loc"]
        value = error.body if place == "body" else None
        location = tuple(path)
        if item["type"] == "json_invalid":
            item = {"type": "json_invalid", "msg": "The body is not valid JSON"}
            location = ()
        elif place != "body":
            value = dict.fromkeys(path)
        problems += describe_errors([{**item, "loc": location}], value)
    first = problems[0]
    body = ErrorAnswer(
        error=errors.InvalidValue.code,
        detail=first.detail,
        field=first.field or None,
        problems=[Problem(field=problem.field, detail=problem.detail) for problem in problems],
    )
    return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, body)


async def _on_http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    sentences = {
        400: "The body cannot be read: send JSON in UTF-8, of a reasonable depth.",
        404: "There is nothing at this address.",
        405: "This address does not take that method.",
    }
    body = ErrorAnswer(
        error=_STATUS_CODES.get(error.status_code, "http_error"),
        detail=sentences.get(error.status_code, str(error.detail)),
    )
    return _answer(error.status_code, body, dict(error.headers or {}))


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    _LOG.warning("%s %s met a database that does not answer", request.method, request.url.path)
    return answer_unavailable(error)


async def _on_race(request: Request, error: Exception) -> JSONResponse:
    _LOG.warning("%s %s lost a race: %s", request.method, request.url.path, error)
    detail = "Something else changed this at the same moment; look again and repeat it if it is still wanted."
    return answer_refusal(errors.Conflict(detail))


def _answer(status: int, body: ErrorAnswer, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body.model_dump(exclude_none=True), status_code=int(status), headers=headers)

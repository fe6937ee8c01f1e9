"""What every route's documentation shares: error answers and examples."""

from typing import Any

from backend.api.schemas.common import ErrorAnswer

Responses = dict[int | str, dict[str, Any]]


def _error(description: str, code: str, detail: str) -> dict[str, Any]:
    example = {"error": code, "detail": detail}
    return {"model": ErrorAnswer, "description": description, "content": {"application/json": {"example": example}}}


COMMON: Responses = {
    401: _error("Not logged in.", "unauthenticated", "Log in first."),
    403: _error("The request came from a foreign page.", "forbidden", "This request came from another site."),
    422: _error("A value is refused.", "invalid_value", "This is required."),
}
MISSING: Responses = {404: _error("It does not exist.", "not_found", "There is no such run.")}
CONFLICT: Responses = {409: _error("Its state forbids it.", "conflict", "The job is running; cancel it first.")}
TOO_MANY: Responses = {429: _error("Too many attempts.", "too_many_requests", "There were 10 failed attempts.")}


def file_response(media_type: str, description: str) -> Responses:
    """Document a download."""
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}

"""The REST API of a running Secateur, for commands that talk to it with an API token."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import SplitResult, urlsplit

import httpx

from backend.domain.errors import InvalidValue, Refusal

TIMEOUT_S = 60.0
LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_SHOWN = 200


class ServerRefusal(Refusal):
    """The server said no, or could not be reached; the detail is its own sentence."""

    code: ClassVar[str] = "server_refused"


class Server:
    """One Secateur at `url`, addressed as the owner of `token`; use it as a context manager."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        parts = _parts(url)
        if not token.isascii() or not token.isprintable() or not token.strip():
            raise InvalidValue(
                "The API token is empty or holds characters that no token has.",
                hint="Make one on the settings page, or with `secateur token create NAME` on the server.",
            )
        self.url = url.rstrip("/")
        self.is_private = parts.scheme == "https" or parts.hostname in LOOPBACK_NAMES
        """Nobody on the way can read the token."""
        self._client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token.strip()}"},
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=parts.hostname not in LOOPBACK_NAMES,  # no proxy stands before this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
        """One request, whatever its answer's status; raises httpx.TransportError when the server cannot be reached."""
        return self._client.request(method, path, headers=headers, **body)

    def get(self, path: str) -> Any:
        """The JSON at a path; raises `ServerRefusal`."""
        return self._ask("GET", path)

    def post(self, path: str, body: Any) -> Any:
        """The JSON answer to a JSON body; raises `ServerRefusal`."""
        return self._ask("POST", path, json=body)

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        try:
            value = read(self.send(method, path, **body))
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error
        if not isinstance(value, dict | list):
            raise stranger(self.url)
        return value


def _parts(url: str) -> SplitResult:
    """Raises `InvalidValue` for what is no address of a server."""
    try:
        parts, _ = urlsplit(url), httpx.URL(url)  # either knows of faults that the other lets pass
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        is_one = False
    if not is_one:
        raise InvalidValue(f"`{url}` is no address of a server.", hint="Give one like http://127.0.0.1:8000.")
    return parts


def read(answer: httpx.Response) -> Any:
    """An answer's JSON; raises `ServerRefusal` with the server's own sentence."""
    try:
        value = answer.json() if answer.content else None
    except ValueError:
        value = None
    if answer.is_success:
        return value
    known = value if isinstance(value, dict) and "detail" in value else {}
    detail = known.get("detail", f"The server answered {answer.status_code}: {answer.text[:_MOST_SHOWN].strip()}")
    raise ServerRefusal(str(detail), field=known.get("field"), hint=known.get("hint"))


def unreachable(url: str, error: Exception) -> ServerRefusal:
    """The refusal for a server that does not answer."""
    return ServerRefusal(
        f"{url} cannot be reached: {str(error) or type(error).__name__}.",
        hint="Is `secateur up` running there, and is the address right?",
    )


def stranger(url: str) -> ServerRefusal:
    """The refusal for a server that answers what no Secateur does."""
    return ServerRefusal(f"{url} answers, but not as Secateur does.", hint="Is the address right, and its port?")

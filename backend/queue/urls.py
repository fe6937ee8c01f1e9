"""Broker addresses: Celery and the Redis client spell a unix socket differently."""

from urllib.parse import parse_qs, urlsplit

from redis.connection import parse_url

from backend.domain.errors import CannotStart

_SOCKET_SCHEME = "redis+socket"


def redis_url(broker_url: str) -> str:
    """Celery's `redis+socket:///path?virtual_host=0` as the Redis client's `unix:///path?db=0`; others unchanged.

    Raises CannotStart for what is no address of a broker.
    """
    try:
        address = _for_client(broker_url)
        parse_url(address)  # type: ignore[no-untyped-call]
    except ValueError as error:  # it is not quoted, nor is the error: either may hold the password
        raise CannotStart(
            "The address of the broker, --broker-url or SECATEUR_BROKER_URL, cannot be read.",
            hint="Write it as redis://:password@host:6379/0.",
        ) from error
    return address


def _for_client(broker_url: str) -> str:
    parts = urlsplit(broker_url)
    if parts.scheme != _SOCKET_SCHEME:
        return broker_url
    database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    credentials = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"unix://{credentials}{parts.path}?db={database}"

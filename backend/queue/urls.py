"""Broker addresses: Celery and the Redis client spell a unix socket differently."""

from urllib.parse import parse_qs, urlsplit

_SOCKET_SCHEME = "redis+socket"


def redis_url(broker_url: str) -> str:
    """Celery's `redis+socket:///path?virtual_host=0` as the Redis client's `unix:///path?db=0`; others unchanged."""
    parts = urlsplit(broker_url)
    if parts.scheme != _SOCKET_SCHEME:
        return broker_url
    database = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    credentials = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"unix://{credentials}{parts.path}?db={database}"

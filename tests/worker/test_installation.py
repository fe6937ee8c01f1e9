"""Which processes make one installation, and what each is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.domain.errors import CannotStart
from worker.installation import Installation, require_loopback


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(data=tmp_path, host="127.0.0.1", port=8123, device="cpu", threads=2)


def test_an_embedded_broker_is_started_first_and_stopped_last(installation: Installation) -> None:
    children = installation.children()
    assert [child.name for child in children] == ["broker", "api", "worker-runs", "worker-intake"]
    assert [child.stop_first for child in children] == [False, True, True, True]


def test_no_broker_is_started_where_one_is_given(installation: Installation) -> None:
    children = replace(installation, broker_url="redis://:secret@127.0.0.1:6379/0").children()
    assert [child.name for child in children] == ["api", "worker-runs", "worker-intake"]
    assert {child.environment["SECATEUR_BROKER_URL"] for child in children} == {"redis://:secret@127.0.0.1:6379/0"}


def test_every_child_shares_database_broker_and_settings(installation: Installation) -> None:
    for child in installation.children():
        assert child.environment["SECATEUR_DATABASE_URL"] == f"sqlite:///{installation.data}/secateur.db"
        assert child.environment["SECATEUR_BROKER_URL"].startswith("redis+socket://")
        assert child.environment["SECATEUR_THREADS"] == "2"


def test_the_api_ends_although_somebody_listens_to_live_events(installation: Installation) -> None:
    (api,) = [child for child in installation.children() if child.name == "api"]
    command = list(api.command)
    assert command[command.index("--timeout-graceful-shutdown") + 1] == "5"


def test_an_ipv6_address_is_written_in_brackets(installation: Installation) -> None:
    assert replace(installation, host="::1").address == "http://[::1]:8123"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_addresses_are_fine(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.org", ""])
def test_other_addresses_are_refused(host: str) -> None:
    with pytest.raises(CannotStart, match="this machine only"):
        require_loopback(host)

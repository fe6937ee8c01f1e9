"""The environment of the web side."""

from pathlib import Path

import pytest

from backend.settings import Settings


def test_everything_lies_in_the_data_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECATEUR_DATA", str(tmp_path))
    settings = Settings()
    assert settings.database_url == f"sqlite:///{tmp_path}/secateur.db"
    assert settings.store_url == f"file://{tmp_path}/artifacts"
    assert settings.broker_url == f"redis+socket://{tmp_path}/broker/broker.sock?virtual_host=0"
    assert (settings.uploads, settings.checkpoints) == (tmp_path / "uploads", tmp_path / "checkpoints")


def test_what_is_set_wins_and_what_is_empty_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECATEUR_DATABASE_URL", "postgresql://db/secateur")
    monkeypatch.setenv("SECATEUR_STORE_URL", "")
    settings = Settings()
    assert settings.database_url == "postgresql://db/secateur"
    assert settings.store_url.startswith("file://")


def test_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECATEUR_ALLOWED_HOSTS", " Lab.test, gpu.lab.test ,")
    assert Settings().allowed_hosts == {"lab.test", "gpu.lab.test"}

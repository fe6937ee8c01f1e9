import tempfile

import pytest


@pytest.fixture
def scratch(tmp_path_factory, monkeypatch):
    """A temporary folder of its own, which must be empty again in the end."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []

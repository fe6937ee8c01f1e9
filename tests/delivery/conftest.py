"""The fresh environment, made once."""

from pathlib import Path

import pytest

from tests.delivery.fresh import make_environment


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Interpreter of an environment that has torch and safetensors but not Secateur."""
    return make_environment(tmp_path_factory.mktemp("fresh"))

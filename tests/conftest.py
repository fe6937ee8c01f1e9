"""What every test gets: one torch thread, a data folder of its own, none of the caller's settings."""

import os
from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the whole suite."""
    parser.addoption(
        "--readme-image",
        action="store_true",
        help="walk with LeNet-5 on Fashion-MNIST (about half an hour) and keep the picture for the README",
    )


os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def no_foreign_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove SECATEUR_* from the environment (but for the tests' own) and point the data folder at a fresh one."""
    for name in [name for name in os.environ if name.startswith("SECATEUR_")]:
        if not name.startswith("SECATEUR_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SECATEUR_DATA", str(tmp_path_factory.getbasetemp() / "unused-data"))


@pytest.fixture(autouse=True)
def one_torch_thread() -> Iterator[None]:
    """Small tensors are slower with many threads, and results must not depend on the machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)

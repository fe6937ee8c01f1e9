"""The worker's environment as one frozen object; read only by the composition root."""

import os
from pathlib import Path

from pydantic import Field, PositiveInt, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from worker.broker import socket_path
from worker.data_folder import DEFAULT_FOLDER, default_database


class WorkerSettings(BaseSettings):
    """Variables `SECATEUR_*`; empty addresses mean: inside the data folder."""

    model_config = SettingsConfigDict(env_prefix="SECATEUR_", env_ignore_empty=True, frozen=True, extra="ignore")

    data: Path = DEFAULT_FOLDER
    database_url: str = ""
    broker_url: str = ""
    store_url: str = ""
    device: str = "auto"
    """auto, cpu or cuda:N."""
    threads: PositiveInt = Field(default_factory=lambda: os.cpu_count() or 1)
    """Threads of one tensor operation; part of what makes a run repeatable."""
    datasets: Path | None = None
    """A folder of local dataset files, searched before anything is downloaded."""
    allow_unsandboxed_parsing: bool = False
    """Open uploads that are no safetensors files even where the kernel cannot lock the child down."""

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: dict[str, object]) -> dict[str, object]:
        data = Path(str(values.get("data", DEFAULT_FOLDER))).expanduser().resolve()
        inside = {
            "database_url": default_database(data),
            "broker_url": f"redis+socket://{socket_path(data / 'broker')}?virtual_host=0",
            "store_url": (data / "artifacts").as_uri(),
        }
        return {**inside, **values, "data": data}

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie, unless the store is a bucket."""
        return self.data / "checkpoints"

    @property
    def downloads(self) -> Path:
        """Where downloaded datasets are kept."""
        return self.data / "datasets"

    @property
    def dataset_folders(self) -> tuple[Path, ...]:
        """Local folders to look into before a download."""
        return () if self.datasets is None else (self.datasets,)

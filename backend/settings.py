"""The environment as one frozen object; only composition roots read it."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_DATA = Path("~/.local/share/secateur")
GIBIBYTE = 1024**3


class Settings(BaseSettings):
    """Variables `SECATEUR_*`; unset addresses mean: inside the data folder."""

    model_config = SettingsConfigDict(env_prefix="SECATEUR_", env_ignore_empty=True, frozen=True, extra="ignore")

    data: Path = DEFAULT_DATA
    database_url: str = ""
    broker_url: str = ""
    store_url: str = ""
    allowed_hosts: Annotated[frozenset[str], NoDecode] = frozenset()
    """Names beside the loopback ones that the server answers to, separated by commas."""
    upload_limit_bytes: PositiveInt = Field(4 * GIBIBYTE, description="Largest file that may be uploaded.")

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(name.strip().lower() for name in value.split(",") if name.strip())
        return value

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, values: dict[str, object]) -> dict[str, object]:
        data = Path(str(values.get("data", DEFAULT_DATA))).expanduser().resolve()
        inside = {
            "database_url": f"sqlite:///{data / 'secateur.db'}",
            "broker_url": f"redis+socket://{data / 'broker' / 'broker.sock'}?virtual_host=0",
            "store_url": (data / "artifacts").as_uri(),
        }
        return {**inside, **values, "data": data}

    @property
    def uploads(self) -> Path:
        """Where files lie while they are being uploaded."""
        return self.data / "uploads"

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie, unless the store is a bucket."""
        return self.data / "checkpoints"


def installed_version() -> str:
    """Version of the installed package; `0+source` in a source tree that is not installed."""
    try:
        return version("secateur")
    except PackageNotFoundError:
        return "0+source"

"""Bring a database to the newest schema, from code: works in the source tree and from an installed wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config

_PACKAGED = Path(__file__).parent / "migrations"
"""Where the wheel puts the folder `migrations` of the source tree."""
_SOURCE = Path(__file__).parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply all migrations up to `revision`; does nothing when the database is new enough."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Undo all migrations down to `revision`, with the data that only newer schemas hold."""
    command.downgrade(_config(url), revision)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PACKAGED if _PACKAGED.is_dir() else _SOURCE).replace("%", "%%"))
    config.attributes["url"] = url
    return config

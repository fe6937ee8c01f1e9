"""Bring a database to the newest schema, from code: works in the source tree and from an installed wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError

from backend.db.engine import create_engine
from backend.domain.errors import CannotStart

_PACKAGED = Path(__file__).parent / "migrations"
"""Where the wheel puts the folder `migrations` of the source tree."""
_SOURCE = Path(__file__).parents[2] / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply all migrations up to `revision`; does nothing when the database is new enough.

    Raises CannotStart where it cannot be reached, and where a newer Secateur wrote it.
    """
    _require_reachable(url)
    try:
        command.upgrade(_config(url), revision)
    except CommandError as error:
        if not isinstance(error.__cause__, ResolutionError):
            raise
        raise CannotStart(
            "The database was written by a newer Secateur: this one does not know its tables.",
            hint="Update Secateur, or choose another folder with --data (or another database with --database-url).",
        ) from error


def downgrade(url: str, revision: str = "base") -> None:
    """Undo all migrations down to `revision`, with the data that only newer schemas hold."""
    command.downgrade(_config(url), revision)


def _require_reachable(url: str) -> None:
    engine = create_engine(url, is_pooled=False)
    try:
        engine.connect().close()
    except DatabaseError as error:
        reason = str(error.orig).strip().partition("\n")[0].rstrip(".")
        raise CannotStart(
            f"The database cannot be used: {reason}.",
            hint="Is its server running, and is SECATEUR_DATABASE_URL right? Without one it is a file.",
        ) from error
    finally:
        engine.dispose()


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PACKAGED if _PACKAGED.is_dir() else _SOURCE).replace("%", "%%"))
    config.attributes["url"] = url
    return config

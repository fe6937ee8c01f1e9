"""What Alembic runs: the metadata of `backend.db`, on the database that `backend.db.migrate` names."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from backend.db.engine import create_engine
from backend.db.models import JobRow


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write the plain column type: a migration must not change when the code around it does."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def run() -> None:
    """Apply the migrations over one connection."""
    engine = create_engine(context.config.attributes["url"], is_pooled=False)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=JobRow.metadata,
            render_as_batch=True,
            render_item=_render,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()

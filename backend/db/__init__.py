"""Floor 1: tables, one repository per noun, and the unit of work that alone commits."""

from backend.db.engine import DATABASE_AWAY, create_engine, create_sessions
from backend.db.unit_of_work import UnitOfWork

__all__ = ["DATABASE_AWAY", "UnitOfWork", "create_engine", "create_sessions"]

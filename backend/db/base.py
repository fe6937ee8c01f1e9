"""The declarative base: naming convention, columns that hold domain values, and the database's own clock."""

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Dialect, Double, MetaData, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from backend.domain.spec import STORED

ID_LENGTH = 32
"""Characters of an id: a random UUID in hexadecimal."""
HASH_LENGTH = 64
"""Characters of a sha256 in hexadecimal."""

NAME_LENGTH = 200
"""Characters of a name that a person gives, or that is made for want of one."""

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all rows."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


def new_id() -> str:
    """A fresh random id."""
    return uuid.uuid4().hex


class database_time(FunctionElement[float]):  # noqa: N801 - a SQL function, spelled like one
    """Seconds since 1970 by the database's clock: leases never compare clocks of different machines."""

    type = Double()
    inherit_cache = True


@compiles(database_time, "sqlite")
def _sqlite_time(_element: database_time, _compiler: SQLCompiler, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_time, "postgresql")
def _postgresql_time(_element: database_time, _compiler: SQLCompiler, **_options: Any) -> str:
    return "(extract(epoch from clock_timestamp())::double precision)"


class Instant(TypeDecorator[datetime]):
    """A moment: seconds since 1970 in the database (comparable with `database_time`), aware UTC in Python."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """To seconds."""
        return None if value is None else value.timestamp()

    def process_result_value(self, value: float | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To an aware datetime."""
        return None if value is None else datetime.fromtimestamp(value, UTC)


class TextOf(TypeDecorator[Any]):
    """A member of a `StrEnum`, stored as its plain text: readable in any database client."""

    impl = String(16)
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To text; unknown text is refused here, before it reaches the table."""
        return None if value is None else str(self.members(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """To the member."""
        return None if value is None else self.members(value)


class JsonOf(TypeDecorator[Any]):
    """A domain value as JSON, validated when it is read, but for rules on combinations: they may have come later."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, value_type: Any) -> None:
        super().__init__()
        self.value_type = value_type
        self._adapter: TypeAdapter[Any] = TypeAdapter(value_type)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """To plain JSON values."""
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """To the domain value; JSON arrays become tuples where the type says so."""
        return None if value is None else self._adapter.validate_python(value, context=STORED)

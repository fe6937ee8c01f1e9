"""What routes ask for: the context, and one transaction for each request."""

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request

from backend.api.context import Context
from backend.db import UnitOfWork
from backend.services.scope import Scope


def get_context(request: Request) -> Context:
    """The application's context."""
    return cast("Context", request.app.state.context)


ContextOf = Annotated[Context, Depends(get_context)]


def open_scope(context: ContextOf) -> Iterator[Scope]:
    """One transaction: committed when the route returns, before the answer leaves; rolled back when it raises."""
    with UnitOfWork(context.sessions) as work:
        yield Scope(work, context.outside)


ScopeOf = Annotated[Scope, Depends(open_scope, scope="function")]

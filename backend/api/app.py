"""The application: routes, and the middleware that every request passes."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from backend.api.chores import Chore, running
from backend.api.context import Context
from backend.api.credentials import Credential, find_user
from backend.api.documentation import COMMON
from backend.api.errors import install_error_handlers
from backend.api.middleware.body_limit import BodyLimit
from backend.api.middleware.guard import Guard
from backend.api.middleware.headers import SecurityHeaders
from backend.api.middleware.origin import OriginCheck
from backend.api.middleware.unexpected import UnexpectedErrors
from backend.api.reference_page import render_reference
from backend.api.routers import (
    api_tokens,
    comparisons,
    datasets,
    events,
    health,
    models,
    points,
    recipes,
    reports,
    runs,
    session,
    uploads,
)
from backend.api.routers.ui import install_ui
from backend.api.stopping import on_stop_signal
from backend.db import UnitOfWork

DESCRIPTION = """Upload a trained network, prune it, watch it, download it.

Log in first: `curl -c cookies.txt -H 'Content-Type: application/json' -d '{"code": "..."}'
http://127.0.0.1:8000/api/login` with the code that `secateur login-url` prints; then send the cookie along with
`curl -b cookies.txt`. A program sends an API token instead (made on the settings page or with `secateur token create`),
as `Authorization: Bearer sec_...`. Files come in by the tus protocol at `/api/uploads/`.

Every answer with a status of 400 or more is `{"error": code, "detail": sentence}`, with `field`, `hint` and `problems`
where they help."""
_NOUNS = (session, api_tokens, uploads, models, datasets, recipes, events, runs, points, reports, comparisons)


def create_app(context: Context, chores: Sequence[Chore] = (), closers: Sequence[Callable[[], object]] = ()) -> FastAPI:
    """The whole HTTP side, on top of what the composition root made.

    `chores` are done while it runs, `closers` called when it ends.
    """
    app = FastAPI(
        title="Secateur",
        version=context.version,
        description=DESCRIPTION,
        lifespan=_lifespan(context, chores, closers),
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    install_error_handlers(app)
    _install_routes(app)
    _install_middleware(app, context)
    return app


def _install_routes(app: FastAPI) -> None:
    app.include_router(health.router)
    api = APIRouter(prefix="/api", responses=COMMON)
    for noun in _NOUNS:
        api.include_router(noun.router)
    app.include_router(api)

    @app.get("/docs", include_in_schema=False)
    def get_reference(request: Request) -> HTMLResponse:
        return HTMLResponse(render_reference(app.openapi(), str(request.base_url).rstrip("/")))

    install_ui(app)


def _install_middleware(app: FastAPI, context: Context) -> None:
    """The last one added is the first one passed."""

    def identify(credential: Credential, caller: str) -> str | None:
        """Who that is; wrong API tokens are counted against the caller, as wrong login codes are."""
        current: Context = app.state.context
        key = f"token {caller}"
        if credential.kind == "token":
            current.attempts.check(key)
        with UnitOfWork(current.sessions) as work:
            user = find_user(work, credential)
        if user is None and credential.kind == "token":
            current.attempts.note_failure(key)
        return user

    app.add_middleware(BodyLimit)
    app.add_middleware(Guard, identify=identify)
    app.add_middleware(OriginCheck, allowed_hosts=context.allowed_hosts)
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(SecurityHeaders)


def _lifespan(
    context: Context, chores: Sequence[Chore], closers: Sequence[Callable[[], object]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def live(_app: FastAPI) -> AsyncIterator[None]:
        await context.events.start()
        async with running(chores):
            with on_stop_signal(context.events.end_listeners):
                yield
        await context.events.stop()
        for close in closers:
            await run_in_threadpool(close)

    return live

"""An application on a fresh SQLite database, with fakes for the doorbell and the event stream."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from backend.api.app import create_app
from backend.api.context import Context
from backend.api.cookie import COOKIE_NAME
from backend.db import UnitOfWork
from backend.db.models import DatasetRow, ModelRow
from backend.domain.datasets import DatasetSummary
from backend.domain.jobs import JobKind
from backend.domain.network import ChannelGroupInfo, Layer, NetworkSummary
from backend.domain.presets import PRESETS
from backend.queue import LiveEvent
from backend.queue.stream import StreamEvent
from backend.services import accounts
from backend.services.attempts import AttemptLimit
from backend.services.scope import Outside, Scope
from backend.services.uploads import UploadFolder
from backend.storage import ArtifactStore

_APPS: list[FastAPI] = []
"""Building the routes takes longer than most tests: one application serves them all, each with its own context."""
BASE_URL = "http://127.0.0.1:8000"
UPLOAD_LIMIT = 3 * 1024 * 1024
ABSENT_ID = "0" * 32
RECIPE: dict[str, Any] = PRESETS["theis2018-fisher"].recipe.model_dump(mode="json")

SUMMARY = NetworkSummary(
    architecture="mlp",
    input_shape=(1, 8, 8),
    class_count=10,
    layers=(
        Layer(name="hidden", type="linear", in_width=64, width=20, parameters=1300, macs=1280, group="hidden"),
        Layer(name="output", type="linear", in_width=20, width=10, parameters=210, macs=200),
    ),
    groups=(ChannelGroupInfo(name="hidden", width=20, layers=("hidden",), consumers=("output",)),),
    parameters=1510,
    macs=1480,
)
DATA_SUMMARY = DatasetSummary(
    train_count=100,
    test_count=20,
    input_shape=(1, 8, 8),
    class_names=tuple("0123456789"),
    train_class_counts=(10,) * 10,
    test_class_counts=(2,) * 10,
    content_hash="0" * 64,
)


class FakeStream:
    """An event stream that yields a fixed history and then ends.

    With `holds` it waits for ever instead, with `repeats` it never stops talking.
    """

    def __init__(self, history: Sequence[StreamEvent] = ()) -> None:
        self.history = list(history)
        self.holds = False
        self.repeats = False
        self.on_caught_up: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Nothing to start."""

    def end_listeners(self) -> None:
        """No listener waits for this."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def listen(self, after: str | None = None) -> AsyncIterator[StreamEvent]:
        """What follows `after`, or everything."""
        for item in self.history:
            if after is None or item.stream_id > after:
                yield item
        self.on_caught_up()
        while self.repeats:
            await asyncio.sleep(0)
            yield self.history[-1]
        if self.holds:
            await asyncio.Event().wait()


@dataclass
class Application:
    """The application under test and everything a test may look at."""

    app: FastAPI
    sessions: sessionmaker[Session]
    outside: Outside
    stream: FakeStream
    rung: list[tuple[str, JobKind]] = field(default_factory=list)
    published: list[LiveEvent] = field(default_factory=list)

    def stranger(self) -> TestClient:
        """A client without a session."""
        return TestClient(self.app, base_url=BASE_URL, raise_server_exceptions=False, follow_redirects=False)

    def client(self) -> TestClient:
        """A client that is logged in."""
        with UnitOfWork(self.sessions) as work:
            token = accounts.log_in(work, accounts.make_login_code(work))
        client = self.stranger()
        client.cookies.set(COOKIE_NAME, token)
        return client

    def add_model(self, **columns: Any) -> str:
        """A model that is ready to be pruned; returns its id."""
        values = {"name": "net", "file_name": "net.pt", "source": "upload", "state": "ready", "summary": SUMMARY}
        with UnitOfWork(self.sessions) as work:
            return work.models.add(ModelRow(**{**values, **columns})).id

    def add_dataset(self, **columns: Any) -> str:
        """A dataset that is ready; returns its id."""
        values = {"name": "data", "title": "Data", "source": "upload", "state": "ready", "summary": DATA_SUMMARY}
        with UnitOfWork(self.sessions) as work:
            return work.datasets.add(DatasetRow(**{**values, **columns})).id

    def in_scope(self, call: Callable[[Scope], Any]) -> Any:
        """Run a service call in a transaction of its own."""
        with UnitOfWork(self.sessions) as work:
            return call(Scope(work, self.outside))


def make_application(sessions: sessionmaker[Session], folder: Path) -> Application:
    """An application whose files lie below `folder`."""
    rung: list[tuple[str, JobKind]] = []
    published: list[LiveEvent] = []
    stream = FakeStream()
    outside = Outside(
        store=ArtifactStore((folder / "artifacts").as_uri(), folder / "checkpoints"),
        uploads=UploadFolder(folder / "uploads", UPLOAD_LIMIT, reserve_bytes=0),
        ring=lambda job_id, kind: rung.append((job_id, kind)),
        publish=published.append,
    )
    context = Context(
        sessions=sessions,
        outside=outside,
        events=stream,  # type: ignore[arg-type]
        attempts=AttemptLimit(),
        version="0.0.0",
        allowed_hosts=frozenset({"secateur.test"}),
    )
    if not _APPS:
        _APPS.append(create_app(context))
    _APPS[0].state.context = context
    return Application(_APPS[0], sessions, outside, stream, rung, published)

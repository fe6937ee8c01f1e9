"""The composition root of the web side: settings, then engine, store and queue, then the application.

Run it with `uvicorn backend.main:create --factory --timeout-graceful-shutdown 5` (without the limit, open live
streams keep the server from ending).
"""

from functools import partial

from fastapi import FastAPI

from backend.api.app import create_app
from backend.api.chores import Chore
from backend.api.context import Context
from backend.db import UnitOfWork, create_engine, create_sessions
from backend.queue import Doorbell, EventPublisher, EventStream
from backend.services.attempts import AttemptLimit
from backend.services.blobs import SWEEP_S as BLOB_SWEEP_S
from backend.services.blobs import sweep_blobs
from backend.services.datasets import ensure_builtin_datasets
from backend.services.reaper import SWEEP_S, Reaper
from backend.services.scope import Outside, Scope
from backend.services.uploads import UploadFolder
from backend.settings import Settings, installed_version
from backend.storage import ArtifactStore

UPLOAD_SWEEP_S = 3600.0
"""Time between two looks for uploads that were given up."""
PREPARE_S = 60.0
"""Time between two looks for built-in datasets without a row; the first is at the start."""


def create() -> FastAPI:
    """The application, from the environment; nothing is contacted before it starts."""
    settings = Settings()
    engine = create_engine(settings.database_url)
    sessions = create_sessions(engine)
    doorbell = Doorbell(settings.broker_url)
    publisher = EventPublisher(settings.broker_url)
    outside = Outside(
        store=ArtifactStore(settings.store_url, settings.checkpoints),
        uploads=UploadFolder(settings.uploads, settings.upload_limit_bytes),
        ring=doorbell.ring,
        publish=publisher.publish,
    )
    context = Context(
        sessions=sessions,
        outside=outside,
        events=EventStream(settings.broker_url),
        attempts=AttemptLimit(),
        version=installed_version(),
        allowed_hosts=settings.allowed_hosts,
    )

    def prepare_datasets() -> None:
        with UnitOfWork(sessions) as work:
            ensure_builtin_datasets(Scope(work, outside))

    chores = (
        Chore("built-in datasets", PREPARE_S, prepare_datasets),
        Chore("stale uploads", UPLOAD_SWEEP_S, outside.uploads.sweep),
        Chore("dropped blobs", BLOB_SWEEP_S, partial(sweep_blobs, sessions, outside.store)),
        Chore("reaper", SWEEP_S, Reaper(sessions, doorbell, publisher).sweep),
    )
    return create_app(context, chores, closers=(doorbell.close, publisher.close, engine.dispose))

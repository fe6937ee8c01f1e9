"""`python -m backend.api.openapi` writes the API's description to standard output, as JSON."""

import json
import sys
import tempfile
from pathlib import Path

from backend.api.app import create_app
from backend.api.context import Context
from backend.db import create_engine, create_sessions
from backend.queue import EventStream
from backend.services.attempts import AttemptLimit
from backend.services.scope import Outside
from backend.services.uploads import UploadFolder
from backend.settings import installed_version
from backend.storage import ArtifactStore


def describe_api() -> str:
    """The OpenAPI document; nothing is contacted, and nothing is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        context = Context(
            sessions=create_sessions(create_engine("sqlite://")),
            outside=Outside(
                store=ArtifactStore(folder.as_uri(), folder / "checkpoints"),
                uploads=UploadFolder(folder, 1),
                ring=lambda *_: None,
                publish=lambda *_: None,
            ),
            events=EventStream("redis://127.0.0.1"),
            attempts=AttemptLimit(),
            version=installed_version(),
            allowed_hosts=frozenset(),
        )
        return json.dumps(create_app(context).openapi(), indent=2, sort_keys=True)


if __name__ == "__main__":
    sys.stdout.write(describe_api() + "\n")

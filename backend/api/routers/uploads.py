"""Resumable uploads by the tus protocol, version 1.0.0 (https://tus.io): creation, expiration, termination.

Written here instead of taken from a library, because the offset must be what is on the disk: the library keeps it in
a second file, so that a killed server doubles bytes, and it answers a full disk with success.
"""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from backend.api.dependencies import ContextOf
from backend.api.documentation import CONFLICT, MISSING, Responses
from backend.api.schemas.common import ErrorAnswer, PathId
from backend.domain.errors import InvalidValue, TooLarge
from backend.services.uploads import Upload, UploadFolder, UploadKind

router = APIRouter(prefix="/uploads", tags=["uploads"])

VERSION = "1.0.0"
EXTENSIONS = "creation,termination"
PATCH_TYPE = "application/offset+octet-stream"
BUFFER_BYTES = 1 << 20
"""Bytes are written in pieces of about this size: few system calls, little memory."""
PATIENCE_S = 30.0
"""A connection over which nothing came for so long counts as broken: half of it may be gone without a word."""
MAX_METADATA = 4096
MAX_NAME = 180
MAX_LENGTH = 2**63 - 1
_KINDS: tuple[UploadKind, ...] = ("model", "dataset")
_FULL: Responses = {
    413: {"model": ErrorAnswer, "description": "Larger than the limit, than announced, or than the free disk space."},
}
_HEAD: Responses = {200: {"description": "`Upload-Offset` says how much has come, `Upload-Length` how much will."}}

Length = Annotated[int, Header(alias="Upload-Length", ge=0, le=MAX_LENGTH, description="Bytes of the whole file.")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=MAX_LENGTH, description="Where these bytes begin.")]
Metadata = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        max_length=MAX_METADATA,
        description="`filename` and `kind` (`model` or `dataset`), each with its value in base64.",
        examples=["filename bGVuZXQ1LnNhZmV0ZW5zb3Jz,kind bW9kZWw="],
    ),
]


@router.options("/", status_code=HTTPStatus.NO_CONTENT)
def describe_uploads(response: Response, context: ContextOf) -> None:
    """What this server can do."""
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(context.outside.uploads.limit_bytes)


@router.post("/", status_code=HTTPStatus.CREATED, responses=_FULL)
def create_upload(response: Response, context: ContextOf, length: Length, metadata: Metadata) -> None:
    """Announce a file; `Location` says where its bytes go."""
    values = _parse_metadata(metadata)
    upload = context.outside.uploads.create(_kind_of(values), _file_name_of(values), length)
    response.headers["Location"] = f"/api/uploads/{upload.id}"
    _describe(response, upload)


@router.head("/{upload_id}", responses=MISSING | _HEAD)
def get_upload(upload_id: PathId, response: Response, context: ContextOf) -> None:
    """Where an upload stands, so that it can go on."""
    upload = context.outside.uploads.get(upload_id)
    response.headers["Upload-Length"] = str(upload.length)
    response.headers["Cache-Control"] = "no-store"
    _describe(response, upload)


@router.patch(
    "/{upload_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=MISSING | CONFLICT | _FULL,
    openapi_extra={"requestBody": {"content": {PATCH_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def append_to_upload(
    upload_id: PathId, offset: Offset, request: Request, response: Response, context: ContextOf
) -> None:
    """Send more bytes; a broken connection keeps what has come."""
    if request.headers.get("content-type") != PATCH_TYPE:
        raise InvalidValue(f"The content type must be `{PATCH_TYPE}`.")
    upload = await _append(context.outside.uploads, upload_id, offset, request)
    _describe(response, upload)


@router.delete("/{upload_id}", status_code=HTTPStatus.NO_CONTENT, responses=MISSING)
def delete_upload(upload_id: PathId, response: Response, context: ContextOf) -> None:
    """Give an upload up."""
    context.outside.uploads.get(upload_id)
    context.outside.uploads.delete(upload_id)
    response.headers["Tus-Resumable"] = VERSION


async def _append(uploads: UploadFolder, upload_id: str, offset: int, request: Request) -> Upload:
    appending = uploads.appending(upload_id, offset)
    writer = await run_in_threadpool(appending.__enter__)
    try:
        _check_announced(writer.upload, request)
        async for piece in _pieces(request):
            await run_in_threadpool(writer.write, piece)
    finally:
        await run_in_threadpool(appending.__exit__, None, None, None)
    return writer.upload


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of about `BUFFER_BYTES`; what came before a broken connection is not lost."""
    buffer = bytearray()
    async for chunk in _chunks(request):
        buffer += chunk
        while len(buffer) >= BUFFER_BYTES:
            yield bytes(buffer[:BUFFER_BYTES])
            del buffer[:BUFFER_BYTES]
    if buffer:
        yield bytes(buffer)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes: to its end, or until the connection breaks or nothing comes any more."""
    stream = request.stream()
    with suppress(StopAsyncIteration, ClientDisconnect, TimeoutError):
        while True:
            async with asyncio.timeout(PATIENCE_S):
                chunk = await anext(stream)
            yield chunk


def _check_announced(upload: Upload, request: Request) -> None:
    """Refuse a body that says beforehand that it is too long."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and upload.offset + int(announced) > upload.length:
        raise TooLarge(f"More bytes are coming than the {upload.length:,} that were announced.")


def _describe(response: Response, upload: Upload) -> None:
    response.headers["Tus-Resumable"] = VERSION
    response.headers["Upload-Offset"] = str(upload.offset)


def _parse_metadata(header: str) -> dict[str, str]:
    values = {}
    for pair in header.split(","):
        key, _, encoded = pair.strip().partition(" ")
        try:
            values[key] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise InvalidValue(f"The value of `{key[:50]}` in Upload-Metadata is not base64 of UTF-8.") from error
    return values


def _kind_of(values: dict[str, str]) -> UploadKind:
    for kind in _KINDS:
        if values.get("kind") == kind:
            return kind
    raise InvalidValue("Upload-Metadata must say `kind`: `model` or `dataset`.")


def _file_name_of(values: dict[str, str]) -> str:
    """The file's own name, shown to people and never used as a path."""
    name = values.get("filename", "").replace("\\", "/").rpartition("/")[2].strip()
    if not name or not name.isprintable() or len(name) > MAX_NAME:
        raise InvalidValue(f"Upload-Metadata must say `filename`: 1 to {MAX_NAME} printable characters.")
    return name

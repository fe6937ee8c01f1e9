"""Downloads: attachments that a browser never runs."""

from urllib.parse import quote

from fastapi.responses import StreamingResponse

from backend.services.downloads import Download

INERT_HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
"""Whatever is in the file, it has no origin and may do nothing."""


def send_download(download: Download, *, is_inline: bool = False) -> StreamingResponse:
    """Stream a download; inline only for pictures that the server made itself."""
    disposition = "inline" if is_inline else "attachment"
    headers = {
        **INERT_HEADERS,
        "Content-Disposition": f'{disposition}; filename="{quote(download.name, safe="")}"',
        "Cache-Control": "private, no-cache",
    }
    if download.size is not None:
        headers["Content-Length"] = str(download.size)
    return StreamingResponse(download.chunks, media_type=download.media_type, headers=headers)

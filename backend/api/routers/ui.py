"""The browser's application: built files, and one page for every address it routes by itself."""

from html import escape
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

STATIC_FOLDER = Path(__file__).resolve().parent.parent / "static"
"""Where the build puts the user interface; part of the installed package."""
_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Secateur</title></head>
<body>
<h1>The user interface was not built</h1>
<p>The API is running, but this installation has no built user interface in <code>{folder}</code>.</p>
<p>Run <code>make install</code> (or <code>pip install .</code>) again; it needs Node.js 20.19 or newer, or network
access to fetch one. The API is described at <a href="/docs">/docs</a>.</p>
</body>
</html>
"""


class ForeverStatic(StaticFiles):
    """Files whose names carry a hash of their content: a browser may keep them."""

    def file_response(self, *args: object, **options: object) -> Response:
        """The file, with leave to cache it."""
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install_ui(app: FastAPI, folder: Path = STATIC_FOLDER) -> None:
    """Serve the user interface at every address that nothing else has taken."""
    app.mount("/assets", ForeverStatic(directory=folder / "assets", check_dir=False), name="assets")
    app.include_router(_pages(folder))


def _pages(folder: Path) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/favicon.svg")
    def get_icon() -> Response:
        icon = folder / "favicon.svg"
        return (
            FileResponse(icon, media_type="image/svg+xml")
            if icon.is_file()
            else Response(status_code=HTTPStatus.NOT_FOUND)
        )

    @router.get("/{page:path}")
    def get_page(page: str) -> Response:
        if page.startswith(("api/", "assets/")) or page == "api":
            raise HTTPException(HTTPStatus.NOT_FOUND)
        index = folder / "index.html"
        if not index.is_file():
            return HTMLResponse(
                _NOT_BUILT.format(folder=escape(str(folder))), status_code=HTTPStatus.SERVICE_UNAVAILABLE
            )
        return FileResponse(index, media_type="text/html", headers={"Cache-Control": "no-cache"})

    return router

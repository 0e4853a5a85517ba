"""The page itself, its parts, and what the server is; the only routes that need nobody to be logged in."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from openhifu.console.server.forms import Form
from openhifu.console.server.refusals import Refused
from openhifu.console.server.sessions import COOKIE
from openhifu.console.server.state import console_of

router = APIRouter()

PAGE = Path(__file__).parents[1] / "page"
"""Where the built page lies in the package."""

NOTICE = "Research software; not a medical device."

UNBUILT = (
    "The console's page is not built: in a clone, run make page (this needs Node 20.19 or newer), or "
    "install OpenHIFU from a wheel, which has the page in it; everything under /api works without it."
)
"""What is shown where there is no page."""


class Status(Form):
    """What anybody may know of a server."""

    version: str
    research_notice: str
    time: str
    first_start: bool
    logged_in: bool


@router.get("/api/status", tags=["state"])
def status(request: Request) -> Status:
    """Version, notice, time, whether there is no administrator yet, and whether this browser is logged in."""
    console = console_of(request)
    return Status(
        version=version("openhifu"),
        research_notice=NOTICE,
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        first_start=console.people.is_empty(),
        logged_in=console.sessions.find(request.cookies.get(COOKIE, "")) is not None,
    )


@router.get("/api/openapi.json", tags=["state"])
def openapi(request: Request) -> dict[str, Any]:
    """This interface, described."""
    return request.app.openapi()


@router.get("/", include_in_schema=False)
def index() -> Response:
    """The page."""
    return _page()


@router.get("/assets/{name:path}", include_in_schema=False)
def asset(name: str) -> Response:
    """A part of the page; its name holds its hash, so that it may be kept."""
    root = (PAGE / "assets").resolve()
    file = (root / name).resolve() if "\0" not in name else root
    if not file.is_relative_to(root) or not file.is_file():
        raise Refused(404, "there is no such part of the page", "load the page again")
    return FileResponse(file, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@router.get("/{rest:path}", include_in_schema=False)
def anything_else(rest: str) -> Response:
    """An address within the page, which the page itself understands."""
    if rest == "api" or rest.startswith("api/"):
        raise Refused(404, "there is nothing at this address", "see /api/openapi.json")
    return _page()


def _page() -> Response:
    file = PAGE / "index.html"
    if file.is_file():
        return FileResponse(file, headers={"Cache-Control": "no-cache"})
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>OpenHIFU</title><p>{html.escape(UNBUILT)}</p></html>"
    )
    return HTMLResponse(text, 200)

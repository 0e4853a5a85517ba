"""What holds for every request before any route: its host, its origin, its size, and the headers of every answer."""

from __future__ import annotations

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openhifu.console.server.access import SAFE
from openhifu.console.server.refusals import Refused
from openhifu.console.server.settings import Settings

SMALL = 1_000_000
"""Bytes of a request that carries no file."""

LARGE = 2_000_000_000
"""Bytes of a request that carries a scan or a mask."""

CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""On every answer."""


class Fence:
    """ASGI middleware around the whole app.

    Args:
        app: what it guards.
        settings: which hosts and origins are its own.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        """Around ``app``."""
        self._app, self._hosts, self._origins = app, settings.hosts, settings.origins
        self._secure = settings.secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reason = self._refusal(scope)
        if scope["type"] == "websocket":
            if reason:
                await send({"type": "websocket.close", "code": 1008, "reason": reason[1]})
            else:
                await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers[name] = value
                if self._secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if scope["path"].startswith("/api/") and "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
                message = {**message, "headers": headers.raw}
            await send(message)

        if reason:
            await _refuse(answer, *reason)
        else:
            await self._app(scope, _counted(receive, _limit(scope["path"])), answer)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._hosts:
            return 421, "this server goes by another name; use the address that it printed"
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE
        if changes and origin is not None and origin.lower() not in self._origins:
            return 403, "a page of another origin may not ask this"
        if scope["type"] == "websocket" and origin is None:
            return 403, "a WebSocket must say which page it comes from"
        length, limit = headers.get("content-length", "0"), _limit(scope["path"])
        if not length.isdigit() or int(length) > limit:
            return 413, f"a request to {scope['path']} may have at most {limit} bytes"
        return None


def _limit(path: str) -> int:
    return LARGE if path == "/api/cases/import" or "/labels/" in path else SMALL


def _counted(receive: Receive, limit: int) -> Receive:
    """The same stream, refused beyond its limit, whatever its head promised."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise Refused(413, f"the request is longer than {limit} bytes", "send less")
        return message

    return counted


async def _refuse(send: Send, status: int, what: str) -> None:
    body = json.dumps({"what": what, "remedy": ""}).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})

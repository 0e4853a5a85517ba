"""The two lines a browser holds while a treatment is on: what it sees, and the stop that nothing stands before."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from openhifu.console.server.access import person_of
from openhifu.console.server.forms import Identifier
from openhifu.console.server.people import Role
from openhifu.console.server.sessions import COOKIE
from openhifu.console.server.state import Console, console_of
from openhifu.console.server.treat.online import StopLine, Treatment
from openhifu.console.server.treat.wire import message_of

router = APIRouter(prefix="/api/runs")

SIGN = "."
"""What a page sends on its stop line to be heard, and gets back; everything else stops."""

MOST_CREDITS = 8
"""Pictures a page may have coming."""

STATUS_EVERY = 0.25
"""s between two lines of status at least."""

OVER = 4000
"""WebSocket code: this run is not on."""

_SESSION_EVERY = 60.0  # s between signs of life of the session that holds a stop line


@router.websocket("/{id}/stop-line")
async def stop_line(id: Identifier, socket: WebSocket) -> None:
    """Any message but the sign stops the run; a line that is closed or silent is one that no longer counts."""
    console, person = console_of(socket), person_of(socket)
    treatment = console.online.find(id)
    await socket.accept()
    if treatment is None or treatment.over:
        await socket.close(OVER, "this run is not on")
        return
    line, kept_alive = StopLine(Role.OPERATOR in person.roles), time.monotonic()
    treatment.lines.add(line)
    try:
        while not treatment.over:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") != SIGN:
                treatment.stop(person.name)
                await _urgently(console, console.audit.write, person.name, "stopped", id)
                await socket.send_text("stopped")
                continue
            line.heard = time.monotonic()
            await socket.send_text(SIGN)
            if line.heard - kept_alive > _SESSION_EVERY:
                kept_alive = line.heard
                await _urgently(console, console.sessions.find, socket.cookies.get(COOKIE, ""))
        await socket.close(OVER, "this run is over")
    except (WebSocketDisconnect, RuntimeError):
        return  # the browser is gone; the line does not count any more
    finally:
        treatment.lines.discard(line)


@router.websocket("/{id}/live")
async def live(id: Identifier, socket: WebSocket) -> None:
    """Status, and pictures as far as the page has credits; what cannot be sent at once is skipped, never queued."""
    treatment = console_of(socket).online.find(id)
    await socket.accept()
    if treatment is None:
        await socket.close(OVER, "this run is not on")
        return
    view = _View(socket, treatment)
    treatment.watchers.add(view.news)
    credits = asyncio.create_task(view.take_credits())
    sending = asyncio.create_task(view.send())
    try:
        await asyncio.wait((credits, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        treatment.watchers.discard(view.news)
        for task in (credits, sending):
            task.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await task
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(OVER if treatment.over else 1000)


class _View:
    """One browser that watches."""

    def __init__(self, socket: WebSocket, treatment: Treatment) -> None:
        self._socket, self._treatment = socket, treatment
        self.news = asyncio.Event()
        self.news.set()
        self._credits = 0
        self._status_seen, self._status_at = 0, 0.0
        self._picture_seen = {"temperature": 0, "dose": 0}

    async def take_credits(self) -> None:
        """Until the browser is gone."""
        while True:
            given = message_of((await self._socket.receive_text()).encode()).get("credits", 0)
            if isinstance(given, int) and given > 0:
                self._credits = min(self._credits + given, MOST_CREDITS)
                self.news.set()

    async def send(self) -> None:
        """Until the run is over and its last status was sent."""
        while True:
            await self.news.wait()
            self.news.clear()
            over = self._treatment.over
            await self._send_status(over)
            await self._send_picture()
            if over:
                return

    async def _send_status(self, over: bool) -> None:
        number, now = self._treatment.status_number, time.monotonic()
        if number == self._status_seen:
            return
        if now - self._status_at < STATUS_EVERY and not over:
            asyncio.get_running_loop().call_later(STATUS_EVERY - (now - self._status_at), self.news.set)
            return
        self._status_seen, self._status_at = number, now
        await self._socket.send_text(json.dumps(self._treatment.status))

    async def _send_picture(self) -> None:
        """The newest picture of the kind that was sent longest ago, if there is one and a credit for it."""
        for kind, seen in sorted(self._picture_seen.items(), key=lambda item: item[1]):
            picture = self._treatment.pictures.get(kind)
            if self._credits and picture is not None and picture.number > seen:
                self._credits -= 1
                self._picture_seen[kind] = picture.number
                await self._socket.send_bytes(picture.content)


async def _urgently(console: Console, act: object, *arguments: object) -> None:
    """Do something that waits for the disk, in threads that nothing else queues for."""
    await asyncio.get_running_loop().run_in_executor(console.urgent, act, *arguments)  # pyright: ignore[reportArgumentType]

"""The server's side of treatments: beats, stop, answers out; status and pictures in. All of it in the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openhifu.base.files import write_whole
from openhifu.console.server.treat.engine_request import ENGINE_LOCK, TreatRequest
from openhifu.console.server.treat.wire import BEAT_EVERY, NEXT, SILENCE, line_of, message_of

_LARGEST_PICTURE = 64_000_000
_KEPT = 20
_PICTURES_EVERY = 0.02  # s between two requests for a picture at least


@dataclass(eq=False)
class StopLine:
    """A browser's open stop line.

    Attributes:
        counts: whether it is an operator's, which a run needs.
        heard: monotonic s of its last sign.
    """

    counts: bool
    heard: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Picture:
    """A picture as the page gets it, and its number among those of its kind that the server saw."""

    number: int
    content: bytes


@dataclass(eq=False)
class Treatment:
    """One treatment that is on, or was a moment ago.

    Attributes:
        request: what was asked of its engine.
        stop_pipe: carries beats and stop, and nothing else.
        talk: answers out, status in.
        pictures_pipe: requests out, pictures in.
        process: the engine's.
        status: the newest, as it came; empty before the first.
        status_number: how many came.
        pictures: the newest of each kind.
        lines: open stop lines.
        watchers: set whenever something new came.
        over: whether the engine's process has ended.
    """

    request: TreatRequest
    stop_pipe: socket.socket
    talk: socket.socket
    pictures_pipe: socket.socket
    process: subprocess.Popen[bytes]
    status: dict[str, Any] = field(default_factory=dict)
    status_number: int = 0
    pictures: dict[str, Picture] = field(default_factory=dict)
    lines: set[StopLine] = field(default_factory=set)
    watchers: set[asyncio.Event] = field(default_factory=set)
    over: bool = False

    def stop(self, person: str) -> bool:
        """Send stop; at once, whatever else is under way. False if the engine is gone."""
        return self._urgent(line_of(stop=person))

    def beat(self) -> None:
        """Tell the engine that the server lives, and how many operators could be heard."""
        now = time.monotonic()
        lines = sum(line.counts and now - line.heard <= SILENCE for line in self.lines)
        self._urgent(line_of(lines=lines))

    def tell(self) -> None:
        """Wake whoever watches."""
        for watcher in self.watchers:
            watcher.set()

    def close(self) -> None:
        """Let go of the pipes."""
        for pipe in (self.stop_pipe, self.talk, self.pictures_pipe):
            pipe.close()

    def _urgent(self, message: bytes) -> bool:
        try:
            return self.stop_pipe.send(message) == len(message)
        except OSError:  # the engine is gone, or so long frozen that the pipe is full
            return False


@dataclass(eq=False)
class Online:
    """The treatments of a server.

    Attributes:
        data: the data folder.
    """

    data: Path
    _treatments: dict[str, Treatment] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def find(self, run: str) -> Treatment | None:
        """A treatment of this server."""
        return self._treatments.get(run)

    def busy(self) -> bool:
        """Whether an engine's process lives, started by this server or by one before it."""
        with (self.data / ENGINE_LOCK).open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return any(not t.over for t in self._treatments.values())

    async def free(self) -> bool:
        """Whether another treatment may begin; waits for an engine that only tidies up after its run."""
        for _ in range(50):
            if not self.busy():
                return True
            if any(not t.over and t.status.get("state") != "ended" for t in self._treatments.values()):
                return False
            await asyncio.sleep(BEAT_EVERY)
        return False

    def start(self, request: TreatRequest) -> Treatment:
        """Start an engine's process and join it; call it in the event loop."""
        folder = self.data / "treatments"
        file = folder / f"{request.run}.json"
        write_whole(file, request.to_document().encode())
        pairs = [socket.socketpair() for _ in range(3)]
        theirs = [pair[1] for pair in pairs]
        numbers = [pipe.fileno() for pipe in theirs]
        try:
            with file.with_suffix(".log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "openhifu.console.server.treat.engine", str(file), *map(str, numbers)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=numbers,
                    start_new_session=True,
                )
        finally:
            for pipe in theirs:
                pipe.close()
        ours = [pair[0] for pair in pairs]
        for pipe in ours:
            pipe.setblocking(False)
        treatment = Treatment(request, ours[0], ours[1], ours[2], process)
        for run in [r for r, t in self._treatments.items() if t.over][:-_KEPT]:
            del self._treatments[run]
        self._treatments[request.run] = treatment
        for work in (self._beat(treatment), self._hear(treatment), self._see(treatment)):
            task = asyncio.get_running_loop().create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return treatment

    async def say(self, treatment: Treatment, **message: Any) -> None:
        """Send an answer, or what is done about alarms."""
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(treatment.talk, line_of(**message))

    async def _beat(self, treatment: Treatment) -> None:
        while treatment.process.poll() is None:
            treatment.beat()
            await asyncio.sleep(BEAT_EVERY)
        treatment.over = True
        if treatment.status.get("state") != "ended":
            sentence = "the engine's process ended without a word; its output ended with it"
            treatment.status = {**treatment.status, "type": "status", "run": treatment.request.run, "state": "ended"}
            treatment.status |= {"ending": "fault", "sentence": sentence, "output_on": False}
            treatment.status_number += 1
        treatment.tell()
        await asyncio.sleep(BEAT_EVERY)
        treatment.close()

    async def _hear(self, treatment: Treatment) -> None:
        """Take in the engine's status."""
        loop, kept = asyncio.get_running_loop(), b""
        with contextlib.suppress(OSError):
            while piece := await loop.sock_recv(treatment.talk, 65536):
                *lines, kept = (kept + piece).split(b"\n")
                if lines and (status := message_of(lines[-1])):
                    treatment.status, treatment.status_number = status, treatment.status_number + 1
                    treatment.tell()

    async def _see(self, treatment: Treatment) -> None:
        """Take in pictures, one at a time, each asked for."""
        loop, pipe, number = asyncio.get_running_loop(), treatment.pictures_pipe, 0
        with contextlib.suppress(OSError, EOFError):
            while True:
                await loop.sock_sendall(pipe, NEXT)
                (size,) = struct.unpack("<I", await _exactly(pipe, 4))
                if size > _LARGEST_PICTURE:
                    return
                content = await _exactly(pipe, size)
                number += 1
                treatment.pictures[_kind(content)] = Picture(number, content)
                treatment.tell()
                await asyncio.sleep(_PICTURES_EVERY)


async def _exactly(pipe: socket.socket, size: int) -> bytes:
    content, loop = bytearray(size), asyncio.get_running_loop()
    view, done = memoryview(content), 0
    while done < size:
        got = await loop.sock_recv_into(pipe, view[done:])
        if got == 0:
            raise EOFError
        done += got
    return bytes(content)


def _kind(content: bytes) -> str:
    (size,) = struct.unpack_from("<I", content)
    return str(message_of(content[4 : 4 + size]).get("kind"))

"""A browser without a window: logs in, asks, holds the two lines of a treatment; for measurements and tests."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from openhifu.base.errors import DeviceFault
from openhifu.console.server.sessions import COOKIE

PROGRAM = (sys.executable, "-m", "openhifu")
"""Starts OpenHIFU as it runs here."""


@dataclass
class Browser:
    """Somebody who is logged in at a server on this machine.

    Attributes:
        port: of the server.
    """

    port: int
    _cookie: str = ""
    _csrf: str = ""

    @property
    def origin(self) -> str:
        """What stands in the address line."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie(self) -> tuple[str, str]:
        """Name and value of what the server knows this browser by."""
        return COOKIE, self._cookie

    def log_in(self, name: str, password: str) -> None:
        """Begin a session."""
        self._enter(self.ask("POST", "/api/log-in", {"name": name, "password": password}))

    def first_administrator(self, token: str, name: str, password: str) -> None:
        """Become the first administrator."""
        given = {"token": token, "name": name, "password": password}
        self._enter(self.ask("POST", "/api/first-administrator", given))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request.

        Raises:
            DeviceFault: if the server refuses, with its sentence.
        """
        status, content = self.raw(method, path, body)
        if status >= 400:
            raise DeviceFault(f"{method} {path}: {status} {content.decode(errors='replace')[:300]}")
        return json.loads(content) if content else None

    def raw(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and content of the answer to a request."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            head = {"Origin": self.origin, "X-CSRF-Token": self._csrf, "Cookie": f"{COOKIE}={self._cookie}"}
            given = None if body is None else json.dumps(body).encode()
            if given is not None:
                head["Content-Type"] = "application/json"
            line.request(method, path, given, head)
            answer = line.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie" and value.startswith(f"{COOKIE}="):
                    self._cookie = value.split(";")[0].partition("=")[2]
            return answer.status, answer.read()
        finally:
            line.close()

    @contextmanager
    def line(self, path: str) -> Iterator[ClientConnection]:
        """An open WebSocket, until the context ends."""
        head = {"Cookie": f"{COOKIE}={self._cookie}"}
        uri, origin = f"ws://127.0.0.1:{self.port}{path}", Origin(self.origin)
        with connect(uri, origin=origin, additional_headers=head, max_size=None, compression=None) as line:
            yield line

    def finished(self, job: str, patience: float = 900.0) -> dict[str, Any]:
        """The result of a job.

        Raises:
            DeviceFault: if it failed or takes too long.
        """
        until = time.monotonic() + patience
        while (found := self.ask("GET", f"/api/jobs/{job}"))["state"] in {"waiting", "running"}:
            if time.monotonic() > until:
                raise DeviceFault(f"job {job} takes longer than {patience:.0f} s: {found}")
            time.sleep(0.2)
        if found["state"] != "done":
            raise DeviceFault(f"job {job} ended so: {found}")
        return found["result"]

    def _enter(self, me: dict[str, Any]) -> None:
        self._csrf = me["csrf"]


@dataclass(frozen=True)
class Seen:
    """A picture as a browser got it: its header, and its payload's size in bytes."""

    header: dict[str, Any]
    size: int


def picture_seen(content: bytes) -> Seen:
    """A picture's header and the size of its payload."""
    (length,) = struct.unpack_from("<I", content)
    return Seen(json.loads(content[4 : 4 + length]), len(content) - 4 - length)


@dataclass(frozen=True)
class ServerProcess:
    """A server in a process of its own.

    Attributes:
        process: its process.
        port: where it listens.
        token: of the first start; empty where there are people.
    """

    process: subprocess.Popen[str]
    port: int
    token: str

    def freeze(self) -> None:
        """Stop its process as a debugger would."""
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()


@contextmanager
def server_process(
    data: Path, *options: str, program: tuple[str, ...] = PROGRAM, around: Mapping[str, str] = os.environ
) -> Iterator[ServerProcess]:
    """``openhifu console`` on a free port, until the context ends.

    Args:
        data: the data folder.
        options: of the command.
        program: which ``openhifu``; that of this process if not given.
        around: environment variables it finds.

    Raises:
        DeviceFault: if it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*program, "console", "--port", str(port), "--data", str(data), *options]
    env = {**around, "NO_COLOR": "1", "COLUMNS": "200"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
    try:
        first = process.stderr.readline() if process.stderr else ""
        token = first.strip().rpartition("#first=")[2] if "#first=" in first else ""
        _wait_until_up(process, port)
        yield ServerProcess(process, port, token)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr:
            process.stderr.close()


def _wait_until_up(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + 60.0
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            time.sleep(0.1)
    raise DeviceFault(f"the console does not start on port {port}")

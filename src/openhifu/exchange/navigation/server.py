"""A server that 3D Slicer and tracking systems connect to: it sends what it is given and keeps the newest poses.

A slow listener never holds up the others: each has room for two messages, and an image that finds no room takes the
place of the one that waits. Poses carry the time they arrived; who uses one must say how old it may be.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import DeviceFault, FormatError, GeometryError
from openhifu.base.field import Field
from openhifu.exchange.navigation.messages import (
    HEADER,
    Message,
    body_size,
    decoded,
    image_message,
    poses_of,
    transform_message,
)

_WAITING = 2


@dataclass(frozen=True, eq=False)
class TrackedPose:
    """A pose of a tracked tool.

    Attributes:
        name: of the tool.
        matrix: 4 x 4 rigid map of the tool's points into the patient's frame [m].
        sent: s since 1970 by the sender's clock; 0 where it gives none.
        arrived: s, monotonic.
    """

    name: str
    matrix: NDArray[np.float64]
    sent: float
    arrived: float


class NavigationServer:
    """Listens on a port until closed.

    Args:
        port: TCP port; 18944 is the protocol's own. 0 takes any.
        address: to listen on.
        clock: seconds, monotonic.

    Raises:
        DeviceFault: if the port is taken.
    """

    def __init__(
        self, port: int = 18944, address: str = "127.0.0.1", clock: Callable[[], float] = time.monotonic
    ) -> None:
        try:
            self._listener = socket.create_server((address, port))
        except OSError as error:
            raise DeviceFault(f"cannot listen on port {port}: {error.strerror or error}; choose another") from error
        self.port = int(self._listener.getsockname()[1])
        self._clock, self._lock = clock, threading.Lock()
        self._clients: list[_Client] = []
        self._poses: dict[str, TrackedPose] = {}
        self._last: dict[str, bytes] = {}
        self.refused: deque[str] = deque(maxlen=100)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def listeners(self) -> int:
        """How many are connected."""
        with self._lock:
            return sum(client.alive for client in self._clients)

    @property
    def tracked(self) -> tuple[str, ...]:
        """Names of all tools that a pose has arrived of."""
        with self._lock:
            return tuple(self._poses)

    def send_image(self, name: str, field: Field) -> None:
        """Send a field to everybody connected, and to whoever connects later the newest of each name."""
        self._send(name, image_message(name, field, time.time()))

    def send_transform(self, name: str, matrix: NDArray[np.float64]) -> None:
        """Send a rigid map within the patient's frame [m], e.g. where the transducer is."""
        self._send(name, transform_message(name, matrix, time.time()))

    def pose(self, name: str, at_most: float) -> TrackedPose:
        """The newest pose of a tool, if it is fresh.

        Args:
            name: of the tool.
            at_most: age [s] at which a pose is too old to be used.

        Raises:
            DeviceFault: if there is none, or it is older.
        """
        with self._lock:
            found = self._poses.get(name)
            known = ", ".join(self._poses) or "none"
        if found is None:
            raise DeviceFault(f"no pose of {name!r} has arrived; tracked so far: {known}")
        age = self._clock() - found.arrived
        if age > at_most:
            raise DeviceFault(f"the pose of {name!r} is {age:.1f} s old, at most {at_most:.1f} s are allowed")
        return found

    def poses(self, at_most: float) -> tuple[TrackedPose, ...]:
        """The newest poses of all tools, without those older than ``at_most`` [s]."""
        now = self._clock()
        with self._lock:
            return tuple(pose for pose in self._poses.values() if now - pose.arrived <= at_most)

    def close(self) -> None:
        """Part from everybody and stop listening."""
        self._listener.close()
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    def _send(self, name: str, message: bytes) -> None:
        with self._lock:
            self._last[name] = message
            self._clients = [client for client in self._clients if client.alive]
            clients = list(self._clients)
        for client in clients:
            client.send(name, message)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            client = _Client(line, self._received)
            with self._lock:
                self._clients.append(client)
                last = dict(self._last)
            for name, message in last.items():
                client.send(name, message)

    def _received(self, message: Message) -> None:
        try:
            found = poses_of(message)
        except (FormatError, GeometryError) as error:
            self.refused.append(str(error))
            return
        now = self._clock()
        with self._lock:
            self._poses |= {name: TrackedPose(name, matrix, message.time, now) for name, matrix in found.items()}


class _Client:
    """One connection: a thread that reads, and one that writes what waits."""

    def __init__(self, line: socket.socket, received: Callable[[Message], None]) -> None:
        self._line, self._received = line, received
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._turn = threading.Condition()
        self.alive = True
        for act in (self._read, self._write):
            threading.Thread(target=act, daemon=True).start()

    def send(self, name: str, message: bytes) -> None:
        """Let a message wait for its turn; an older one of the same name is dropped when room is short."""
        with self._turn:
            if len(self._waiting) >= _WAITING:
                same = next((n for n, (other, _) in enumerate(self._waiting) if other == name), None)
                if same is not None:
                    del self._waiting[same]
            self._waiting.append((name, message))
            self._turn.notify()

    def close(self) -> None:
        """Part."""
        with self._turn:
            self.alive = False
            self._turn.notify()
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _write(self) -> None:
        while True:
            with self._turn:
                while self.alive and not self._waiting:
                    self._turn.wait()
                if not self.alive:
                    return
                _, message = self._waiting.popleft()
            try:
                self._line.sendall(message)
            except OSError:
                self.close()
                return

    def _read(self) -> None:
        try:
            while True:
                header = self._exactly(HEADER.size)
                self._received(decoded(header, self._exactly(body_size(header))))
        except (OSError, EOFError, FormatError):  # a stream that lost its step cannot be read on
            self.close()

    def _exactly(self, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            part = self._line.recv(min(1 << 20, size - len(content)))
            if not part:
                raise EOFError
            content += part
        return bytes(content)

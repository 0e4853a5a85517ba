"""What goes over the wire between an engine and a machine in another process: one JSON object a line, numbered.

A request is ``{"id", "device", "act", "arguments"}``; its answer ``{"id", "now", "answer"}`` or ``{"id", "now",
"error"}``, ``now`` being the machine's clock. Only the acts of the delivery protocols exist.
"""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from openhifu.base.errors import DeviceFault, InputError
from openhifu.base.vectors import Vector
from openhifu.delivery.protocols import (
    ButtonReading,
    GeneratorReading,
    Identity,
    ImageReading,
    Lease,
    PositionReading,
    Status,
    TemperatureReading,
    WaterReading,
)

ACTS: dict[tuple[str, str], tuple[tuple[Any, ...], type]] = {
    ("generator", "identity"): ((), Identity),
    ("generator", "load"): ((float, float, tuple[int, ...], tuple[Vector, ...]), Status),
    ("generator", "fire"): ((Lease,), Status),
    ("generator", "renew"): ((Lease,), Status),
    ("generator", "off"): ((), Status),
    ("generator", "reading"): ((), GeneratorReading),
    ("positioner", "move_to"): ((Vector,), Status),
    ("positioner", "stop"): ((), Status),
    ("positioner", "reading"): ((), PositionReading),
    ("thermometer", "reading"): ((), TemperatureReading),
    ("imager", "reading"): ((), ImageReading),
    ("cooler", "set_temperature"): ((float,), Status),
    ("cooler", "reading"): ((), WaterReading),
    ("button", "reading"): ((), ButtonReading),
    ("clock", "now"): ((), float),
}
"""Every act with the types of its arguments and of its answer. The operator sits at the engine, not at the machine."""

LONGEST_LINE = 65536
"""Bytes; a longer line is no message of ours."""


def plain(value: Any) -> Any:
    """JSON data of an argument or answer; NaN goes through, for a missing number is an answer too."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def typed(kind: Any, value: Any) -> Any:
    """Back from JSON data.

    Raises:
        DeviceFault: if it is not of that kind.
    """
    try:
        return _reader(kind).validate_python(value)
    except (ValidationError, InputError) as error:
        raise DeviceFault(f"what came over the wire is no {getattr(kind, '__name__', kind)}: {error}") from error


def line(message: dict[str, Any]) -> bytes:
    """One message as it is sent."""
    return (json.dumps(message) + "\n").encode()


def message(text: bytes) -> dict[str, Any]:
    """A received line as a message.

    Raises:
        DeviceFault: if it is none.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DeviceFault(f"what came over the wire is no message: {error}") from error
    if not isinstance(found, dict) or "id" not in found:
        raise DeviceFault("what came over the wire is no message: an object with an id is needed")
    return found


class LineReader:
    """Lines as they arrive on a connection; what came of a line stays when a read is given up.

    Args:
        connection: to read from, with whatever timeout it has.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Nothing read yet."""
        self._connection, self._kept = connection, b""

    def next(self) -> bytes | None:
        """The next line; None once the other side is gone.

        Raises:
            DeviceFault: if it is too long to be one of ours.
            OSError: as the socket does, ``TimeoutError`` among them.
        """
        while True:
            head, found, rest = self._kept.partition(b"\n")
            if found:
                self._kept = rest
                return head
            if len(self._kept) > LONGEST_LINE:
                raise DeviceFault("what came over the wire has no end of line")
            part = self._connection.recv(4096)
            if not part:
                return None
            self._kept += part


Address = str
"""``HOST:PORT`` for TCP, or the path of a Unix socket."""


def _tcp(address: Address) -> tuple[str, int] | None:
    host, colon, port = address.rpartition(":")
    return (host, int(port)) if colon and port.isdigit() else None


def listening(address: Address) -> socket.socket:
    """A socket that waits for engines.

    Raises:
        OSError: if the address cannot be had.
    """
    where = _tcp(address)
    if where is not None:
        return socket.create_server(where)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.bind(address)
    found.listen()
    return found


def address_of(listener: socket.socket) -> Address:
    """Where engines connect to."""
    name = listener.getsockname()
    return name if isinstance(name, str) else f"{name[0]}:{name[1]}"


def connected(address: Address, timeout: float) -> socket.socket:
    """A connection to a machine.

    Raises:
        OSError: if nobody listens there.
    """
    where = _tcp(address)
    if where is None:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(timeout)
        found.connect(address)
        return found
    found = socket.create_connection(where, timeout)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found

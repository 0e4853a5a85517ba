"""What goes over the pipes between server and engine: lines of JSON, and pictures with their length before them."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

BEAT_EVERY = 0.1
"""s between the server's beats on the stop pipe."""

CONSOLE_LEASE = 0.5
"""s without a beat after which the engine stops by itself: whoever cannot be heard cannot stop."""

LINE_GRACE = 1.0
"""s without any open stop line after which a running treatment stops: a page may be loaded again meanwhile."""

SILENCE = 2.0
"""s without a sign after which a stop line that is still open counts as closed."""

NEXT = b"n"
"""The server asks for the next picture with this; none is sent unasked."""


def line_of(**message: Any) -> bytes:
    """A message as a line."""
    return (json.dumps(message, separators=(",", ":"), allow_nan=False) + "\n").encode()


def message_of(line: bytes) -> dict[str, Any]:
    """The message of a line; empty if it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def picture_of(header: dict[str, Any], payload: bytes) -> bytes:
    """A picture as the page gets it: length of the header, header, payload."""
    head = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    return struct.pack("<I", len(head)) + head + payload


def send_sized(line: socket.socket, content: bytes) -> None:
    """Send bytes with their length before them."""
    line.sendall(struct.pack("<I", len(content)) + content)

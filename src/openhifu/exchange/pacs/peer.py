"""Who is spoken to, and how an association is opened: one place for titles, time limits and refusals."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from openhifu.base.errors import DeviceFault, FormatError

OUR_TITLE = "OPENHIFU"
"""Application entity title under which this program calls, unless another is given."""

_FORM = re.compile(r"^(?P<title>[^@\\]{1,16})@(?P<host>[^:@]+):(?P<port>\d{1,5})$")


@dataclass(frozen=True)
class Peer:
    """An application entity of another machine.

    Attributes:
        title: its application entity title.
        host: name or address.
        port: TCP port.
        our_title: the title we call it under.
        patience: s to wait for an answer.
    """

    title: str
    host: str
    port: int
    our_title: str = OUR_TITLE
    patience: float = 30.0

    @classmethod
    def parse(cls, text: str, our_title: str = OUR_TITLE) -> Peer:
        """A peer from ``TITLE@HOST:PORT``.

        Raises:
            FormatError: if it is of another form.
        """
        found = _FORM.match(text)
        if found is None or not 0 < int(found["port"]) < 65536 or not 0 < len(our_title) <= 16:
            raise FormatError(f"{text!r} is no peer; give TITLE@HOST:PORT, such as ORTHANC@localhost:4242")
        return cls(found["title"], found["host"], int(found["port"]), our_title)

    @property
    def words(self) -> str:
        """For messages."""
        return f"{self.title} at {self.host}:{self.port}"


@contextmanager
def association(
    peer: Peer, contexts: Sequence[Any], handlers: Sequence[Any] = (), roles: Sequence[Any] = ()
) -> Iterator[Any]:
    """An open association, released at the end, aborted on an error.

    Raises:
        DeviceFault: if the peer cannot be reached or refuses.
    """
    from pynetdicom import AE

    _require_listening(peer)
    entity = AE(ae_title=peer.our_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = peer.patience
    entity.connection_timeout = peer.patience
    entity.requested_contexts = list(contexts)
    opened: Any = entity.associate(
        peer.host, peer.port, ae_title=peer.title, evt_handlers=list(handlers), ext_neg=list(roles)
    )
    if not opened.is_established:
        raise DeviceFault(f"{peer.words} refused the association: check both titles (we call as {peer.our_title})")
    try:
        yield opened
    except BaseException:
        if opened.is_alive():
            opened.abort()
        raise
    if opened.is_established:
        opened.release()


def _require_listening(peer: Peer) -> None:
    """Say plainly that nobody is there, before an association is tried."""
    try:
        socket.create_connection((peer.host, peer.port), timeout=peer.patience).close()
    except OSError as error:
        raise DeviceFault(f"{peer.words} cannot be reached ({error.strerror or error}): check host and port") from error


def require_success(status: Any, peer: Peer, what: str) -> int:
    """Status of an answer, which must be success or pending.

    Raises:
        DeviceFault: if there is no answer, or a failure.
    """
    code = None if status is None else status.get("Status")
    if status is None or code is None:
        raise DeviceFault(f"{peer.words} did not answer {what}: the association broke or took too long")
    if int(code) not in (0x0000, 0xFF00, 0xFF01):
        comment = str(status.get("ErrorComment", "") or "no comment")
        raise DeviceFault(f"{peer.words} refused {what} with status 0x{int(code):04X} ({comment})")
    return int(code)

"""Who is logged in: sessions that expire when nothing is done, and after a working day in any case."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from openhifu.console.server.tables import SESSION
from openhifu.records.database import READING

IDLE = 1800.0
"""s without a request after which a session is over."""

LONGEST = 12 * 3600.0
"""s after which a session is over in any case."""

COOKIE = "openhifu_session"
"""Name of the cookie."""

_NOTED_EVERY = 30.0  # s between notes of activity


@dataclass(frozen=True)
class Session:
    """A session.

    Attributes:
        person: name.
        csrf: what unsafe requests must carry in their header.
        expires_at: s since 1970, if nothing is done.
    """

    person: str
    csrf: str
    expires_at: float


class Sessions:
    """The sessions of a database.

    Args:
        engine: the console's database.
        now: s since 1970.
    """

    def __init__(self, engine: Any, now: Callable[[], float] = time.time) -> None:
        """Sessions of earlier runs of the server go on."""
        self._engine, self._now = engine, now

    def open(self, person: str) -> tuple[str, Session]:
        """A new session and the token for its cookie, of which only the hash is kept."""
        token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(24), self._now()
        with self._engine.begin() as line:
            line.execute(delete(SESSION).where((SESSION.c.until < now) | (SESSION.c.idle_until < now)))
            line.execute(
                insert(SESSION).values(
                    token=_hashed(token), person=person, csrf=csrf, idle_until=now + IDLE, until=now + LONGEST
                )
            )
        return token, Session(person, csrf, now + IDLE)

    def find(self, token: str) -> Session | None:
        """The session of a token, kept alive by being asked for; None if it is over."""
        now, hashed = self._now(), _hashed(token)
        with self._engine.connect().execution_options(**{READING: True}) as line:
            row = line.execute(select(SESSION).where(SESSION.c.token == hashed)).first()
        if row is None or now > min(row.idle_until, row.until):
            return None
        until = min(now + IDLE, row.until)
        if until - row.idle_until > _NOTED_EVERY:
            with self._engine.begin() as line:
                line.execute(update(SESSION).where(SESSION.c.token == hashed).values(idle_until=until))
        return Session(row.person, row.csrf, until)

    def close(self, token: str) -> None:
        """End a session."""
        with self._engine.begin() as line:
            line.execute(delete(SESSION).where(SESSION.c.token == _hashed(token)))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()

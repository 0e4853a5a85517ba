"""What all requests of one server share."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi.requests import HTTPConnection

from openhifu.console.server.approvals import Approvals
from openhifu.console.server.attempts import Attempts
from openhifu.console.server.audit import Audit
from openhifu.console.server.jobs import Jobs
from openhifu.console.server.library import Library
from openhifu.console.server.looks import Looks
from openhifu.console.server.people import People
from openhifu.console.server.plan_views import PlanViews
from openhifu.console.server.run_index import RunIndex
from openhifu.console.server.sessions import Sessions
from openhifu.console.server.settings import Settings
from openhifu.console.server.treat.online import Online
from openhifu.records.database import database, require_whole
from openhifu.records.migrate import migrated

DATABASE = "console.sqlite"
STEPS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class FirstStart:
    """The one-time token that makes the first administrator; another one at every start until it was used."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def matches(self, token: str) -> bool:
        """Whether this is it, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token.encode())


@dataclass(frozen=True, eq=False)
class Console:
    """The parts of a server.

    Attributes:
        settings: how it was started.
        people: who there is.
        sessions: who is logged in.
        attempts: wrong passwords.
        audit: who did what.
        first: token of the first start.
        library: cases, plans and runs.
        jobs: long work.
        runs: what was rehearsed and treated.
        approvals: who approved what.
        views: plans as people see them.
        looks: what a beam meets from directions that somebody tries.
        online: the treatment that is on.
        urgent: threads for what has to do with stop, which nothing else queues for.
    """

    settings: Settings
    people: People
    sessions: Sessions
    attempts: Attempts
    audit: Audit
    first: FirstStart
    library: Library
    jobs: Jobs
    runs: RunIndex
    approvals: Approvals
    views: PlanViews
    looks: Looks
    online: Online
    urgent: Executor = field(default_factory=lambda: ThreadPoolExecutor(4, "urgent"))


def console_in(
    settings: Settings, hasher: PasswordHasher | None = None, now: Callable[[], float] = time.time
) -> Console:
    """The console of a data folder, which is made if there is none.

    Args:
        settings: how it is started.
        hasher: of passwords; argon2id with the library's parameters if not given.
        now: s since 1970, for sessions and attempts.

    Raises:
        FileProblem: if its database is damaged.
        FormatError: if it is of a newer program.
    """
    engine = database_of(settings.data)
    data = settings.data.resolve()
    library = Library(data)
    runs = RunIndex(library)
    approvals = Approvals(library, runs, settings.second_look)
    return Console(
        settings=settings,
        people=People(engine, hasher),
        sessions=Sessions(engine, now),
        attempts=Attempts(now),
        audit=Audit(engine),
        first=FirstStart(),
        library=library,
        jobs=Jobs(data),
        runs=runs,
        approvals=approvals,
        views=PlanViews(library, approvals),
        looks=Looks(data),
        online=Online(data),
    )


def database_of(data: Path) -> Any:
    """The console's database, made and brought up to date."""
    url = f"sqlite:///{data / DATABASE}"
    engine = database(url, True, "openhifu console")
    require_whole(engine, url, f"restore {data} from a backup")
    migrated(engine, steps=STEPS)
    (data / DATABASE).chmod(0o600)
    return engine


def console_of(connection: HTTPConnection) -> Console:
    """The console that serves a connection."""
    return connection.app.state.console

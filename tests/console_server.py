"""A console's server for tests: an app in this process, people of every role, quick hashes, a clock by hand."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from openhifu.console.plan_files import beside, load_plan
from openhifu.console.server.app import app_of
from openhifu.console.server.people import Person, Role
from openhifu.console.server.settings import settings_of
from openhifu.console.server.state import Console, console_in

ORIGIN = "http://127.0.0.1:8470"
PASSWORD = "a long enough password"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Hand:
    """A clock that is set by hand."""

    at: float = 1e9

    def __call__(self) -> float:
        return self.at


@dataclass
class Served:
    """A console with its app.

    Attributes:
        console: its parts.
        clock: of sessions and attempts.
    """

    console: Console
    clock: Hand
    clients: list[TestClient] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = app_of(self.console)

    def client(self) -> TestClient:
        """A browser that nobody has logged in with."""
        made = TestClient(self.app, base_url=ORIGIN, headers={"Origin": ORIGIN}, raise_server_exceptions=False)
        self.clients.append(made)
        return made

    def person(self, *roles: Role, name: str = "") -> TestClient:
        """A browser in which somebody of these roles is logged in; its requests carry the token."""
        called = name or f"a {' and '.join(roles)}"
        if self.console.people.find(called) is None:
            self.console.people.add(Person(called, frozenset(roles)), PASSWORD)
        client = self.client()
        answer = client.post("/api/log-in", json={"name": called, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    def close(self) -> None:
        """Close every browser, and end the process that looks along beams: the fuzzer of routes starts it, too."""
        self.console.looks.close()
        for client in self.clients:
            client.close()


def with_plan(server: Served, plan_file: Path, rehearsal: Path | None = None) -> str:
    """Put a plan that was made elsewhere into the console, and its rehearsal if one is given; returns its hash."""
    hashed = load_plan(plan_file).content_hash
    folder = server.console.library.folder("plans") / hashed
    folder.mkdir()
    for file in (plan_file, beside(plan_file, "planned"), beside(plan_file, "window")):
        shutil.copy(file, folder / file.name)
    if rehearsal is not None:
        shutil.copytree(rehearsal, server.console.library.folder("runs") / "rehearsal")
    return hashed


def served(folder: Path, second_look: float = 0.8) -> Served:
    """A console in a folder."""
    clock = Hand()
    settings = settings_of(folder, "127.0.0.1", 8470, None, None, "", second_look)
    folder.mkdir(parents=True, exist_ok=True)
    return Served(console_in(settings, QUICK, clock), clock)

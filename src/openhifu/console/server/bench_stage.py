"""What measurements of the console stand on: a server with an approved plan, planning on every core, a run begun."""

from __future__ import annotations

import json
import math
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from openhifu.base.errors import DeviceFault
from openhifu.console.server.browser import Browser, ServerProcess, server_process
from openhifu.console.server.treat.engine import OFF
from openhifu.console.server.treat.online import Online

PATIENCE = 300.0
"""s that anything may take before it counts as hung."""


@dataclass(frozen=True)
class Stage:
    """A server with somebody of every role, and an approved plan.

    Attributes:
        data: the data folder.
        server: its process.
        browser: that somebody, logged in.
        plan: hash.
    """

    data: Path
    server: ServerProcess
    browser: Browser
    plan: str

    def began(self, pace: float) -> str:
        """A treatment that waits for an operator's stop line; its run."""
        return self.browser.ask("POST", f"/api/plans/{self.plan}/treat", {"pace": pace})["run"]

    def off_at(self, run: str) -> float:
        """Monotonic s at which a stop ended the output, from the log of the engine's process; waits for it.

        Raises:
            DeviceFault: if it never does.
        """
        log, until = self.data / "treatments" / f"{run}.log", time.monotonic() + PATIENCE
        while time.monotonic() < until:
            said = [line for line in log.read_text().splitlines() if line.startswith(OFF)]
            if said:
                return float(said[0].removeprefix(OFF))
            time.sleep(0.01)
        raise DeviceFault(f"the output of run {run} never ends: {log.read_text()}")

    def until_idle(self) -> None:
        """Wait until the engine's process of the last treatment has tidied up."""
        until = time.monotonic() + PATIENCE
        while Online(self.data).busy():
            if time.monotonic() > until:
                raise DeviceFault("the engine's process does not end")
            time.sleep(0.05)

    @contextmanager
    def another_server(self) -> Iterator[Stage]:
        """A second server of the same folder, where the same sessions hold."""
        with server_process(self.data) as server:
            yield replace(self, server=server, browser=replace(self.browser, port=server.port))


@contextmanager
def fresh_server() -> Iterator[tuple[Path, ServerProcess]]:
    """A server nobody has used yet, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="openhifu-console-") as folder, server_process(Path(folder)) as server:
        yield Path(folder), server


FEW_SPOTS = {"lateral_spacing": 7e-3, "axial_spacing": 12e-3, "coverage": 0.05}
"""A prescription that places a few spots only, for measurements that begin many treatments."""


@contextmanager
def staged(case: str, changed: Mapping[str, float] = MappingProxyType({})) -> Iterator[Stage]:
    """A server in a folder of its own, with a case planned, rehearsed and approved by the same road as any.

    Args:
        case: name of a bundled case.
        changed: numbers of its prescription that are others, SI.
    """
    with fresh_server() as (folder, server):
        password, browser = secrets.token_urlsafe(16), Browser(server.port)
        browser.first_administrator(server.token, "Bench", password)
        roles = ["observer", "operator", "physicist", "physician", "administrator"]
        browser.ask("PATCH", "/api/people/Bench", {"roles": roles})
        browser.log_in("Bench", password)
        wish = {"prescription": {**browser.ask("GET", f"/api/plan-form?case={case}")["values"], **changed}}
        plan = browser.finished(browser.ask("POST", f"/api/cases/{case}/plans", wish)["id"])["plan"]
        browser.finished(browser.ask("POST", f"/api/plans/{plan}/rehearse", {})["id"])
        signature = {"name": "Bench", "password": password, "statement": "for a measurement", "despite": "no treatment"}
        browser.ask("POST", f"/api/plans/{plan}/approve", signature)
        yield Stage(folder, server, browser, plan)


@contextmanager
def planning(browser: Browser) -> Iterator[None]:
    """Two plans of the liver being computed all the time, each on every core."""
    over, jobs = threading.Event(), [""] * 2

    def keep(number: int) -> None:
        while not over.wait(0.5):
            if not jobs[number] or browser.ask("GET", f"/api/jobs/{jobs[number]}")["state"] not in {
                "waiting",
                "running",
            }:
                jobs[number] = browser.ask("POST", "/api/cases/liver/plans", {})["id"]

    threads = [threading.Thread(target=keep, args=(number,), daemon=True) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread, job in zip(threads, jobs, strict=True):
            thread.join()
            if job:
                browser.ask("POST", f"/api/jobs/{job}/cancel")


class Watcher:
    """Somebody without a window who follows a run's status, with a stop line that is kept alive.

    Args:
        browser: who.
        run: which.
    """

    def __init__(self, browser: Browser, run: str, live: ClientConnection, line: ClientConnection) -> None:
        """Reads and signs from now on, until its lines are closed."""
        self._browser, self._run, self._live, self._line = browser, run, live, line
        self._news, self._newest = threading.Condition(), dict[str, Any]()
        for act in (self._read, self._sign, self._hear):
            threading.Thread(target=act, daemon=True).start()

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, run: str) -> Iterator[Watcher]:
        """A watcher until the context ends."""
        with browser.line(f"/api/runs/{run}/live") as live, browser.line(f"/api/runs/{run}/stop-line") as line:
            yield cls(browser, run, live, line)

    def until(self, true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The newest status once it is so."""
        with self._news:
            if not self._news.wait_for(lambda: self._newest and true(self._newest), PATIENCE):
                raise DeviceFault(f"the treatment does not get there; last seen: {self._newest}")
            return self._newest

    def until_output(self) -> None:
        """Answer what is asked, until there is output."""
        while not (seen := self.until(lambda s: s["question"] or s["output_on"]))["output_on"]:
            asked = seen["question"]
            answer = {"question": asked["text"], "answer": asked["choices"][0]}
            self._browser.ask("POST", f"/api/runs/{self._run}/answer", answer)
            self.until(lambda s, asked=asked: s["question"] != asked)

    def _read(self) -> None:
        try:
            for message in self._live:
                with self._news:
                    self._newest = json.loads(message)
                    self._news.notify_all()
        except (ConnectionClosed, OSError):
            return

    def _sign(self) -> None:
        try:
            while True:
                self._line.send(".")
                time.sleep(0.25)
        except (ConnectionClosed, OSError):
            return

    def _hear(self) -> None:
        """What the stop line answers is taken off it: a line that nobody reads is closed after some seconds."""
        try:
            for _ in self._line:
                pass
        except (ConnectionClosed, OSError):
            return


def quantile(ordered: list[float], share: float) -> float:
    """Nearest rank: the least value that this share of all does not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]

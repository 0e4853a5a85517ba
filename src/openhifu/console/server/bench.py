"""What the console promises while it treats, measured over a real server: how soon stop stops, how fresh live is.

The treatment is the bundled block of liver in water, made by the same road as any: log-in, plan,
rehearsal, approval. The generator is the twin's, in the engine's process; its switch notes when output ended on the
clock that all processes of a machine share, and the browser notes when it sent stop on the same clock.
"""

from __future__ import annotations

import json
import math
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from openhifu.base.errors import DeviceFault
from openhifu.base.measurement import Measurement
from openhifu.console.server.browser import Browser, picture_seen, server_process

STOPS = 100
"""Stops that are measured: as many as a 99th percentile needs."""

GOAL = 0.150
"""s from a browser's stop to the generator's silence, at the 99th percentile."""

PACE_OF_PICTURES = 4.0
"""Simulated seconds per second: the twin's thermometer images about every second, so this is about 4 Hz."""

_WATCHED = 20.0  # s of the live measurement
_PATIENCE = 300.0


def stop_latency(stops: int = STOPS) -> tuple[Measurement, ...]:
    """Stop over a stop line at a random moment of an exposure, while plans are computed on every core."""
    with _ready() as (browser, plan), _planning(browser):
        found = sorted(_stopped(browser, plan, random.Random(number)) for number in range(stops))
    name = f"stop in a browser to generator off, {stops} stops, two plans being computed"
    return (
        Measurement.of(f"{name}: median", 1e3 * _quantile(found, 0.5), "ms"),
        Measurement.of(f"{name}: 99th percentile", 1e3 * _quantile(found, 0.99), "ms", goal=1e3 * GOAL),
        Measurement.of(f"{name}: longest", 1e3 * found[-1], "ms"),
    )


def live_freshness() -> tuple[Measurement, ...]:
    """Four browsers watch one treatment; one of them takes eight pictures and gives no credit back, as if suspended."""
    with _ready() as (browser, plan), ExitStack() as stack:
        run = browser.ask("POST", f"/api/plans/{plan}/treat", {"pace": PACE_OF_PICTURES})["run"]
        frozen = stack.enter_context(browser.line(f"/api/runs/{run}/live"))
        frozen.send(json.dumps({"credits": 8}))
        watchers = [_Watcher(stack.enter_context(browser.line(f"/api/runs/{run}/live"))) for _ in range(3)]
        line = stack.enter_context(browser.line(f"/api/runs/{run}/stop-line"))
        with _signs(line):
            _begin(browser, run, watchers[0])
            for watcher in watchers:
                watcher.ages.clear()
            time.sleep(_WATCHED)
            ages = [list(watcher.ages) for watcher in watchers]
            line.send("stop")
            watchers[0].until(lambda s: s["state"] == "ended")
    slowest = min(len(a) for a in ages) / 2 / _WATCHED  # two kinds of picture
    together = sorted(age for a in ages for age in a)
    name = "live pictures, four browsers, one without credits"
    return (
        Measurement.of(f"{name}: of each kind", slowest, "a second", goal=2.0, more_is_better=True),
        Measurement.of(f"{name}: engine to browser, median", 1e3 * _quantile(together, 0.5), "ms"),
        Measurement.of(
            f"{name}: engine to browser, 99th percentile", 1e3 * _quantile(together, 0.99), "ms", goal=500.0
        ),
    )


BENCHES: dict[str, Callable[[], tuple[Measurement, ...]]] = {
    "console-stop": stop_latency,
    "console-live": live_freshness,
}
"""Every claim of the console by its name; the stops take a quarter of an hour."""


class _Watcher:
    """A browser that watches, gives a credit back for each picture, and notes how old it was."""

    def __init__(self, line: ClientConnection) -> None:
        self._line, self._news = line, threading.Condition()
        self.ages: list[float] = []
        self._newest: dict[str, Any] = {}
        line.send(json.dumps({"credits": 2}))
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The newest status once it is so."""
        with self._news:
            if not self._news.wait_for(lambda: self._newest and true(self._newest), _PATIENCE):
                raise DeviceFault(f"the treatment does not get there; last seen: {self._newest}")
            return self._newest

    def _read(self) -> None:
        try:
            for message in self._line:
                with self._news:
                    if isinstance(message, bytes):
                        self.ages.append(time.time() - picture_seen(message).header["taken_at_s"])
                    else:
                        self._newest = json.loads(message)
                    self._news.notify_all()
                if isinstance(message, bytes):
                    self._line.send(json.dumps({"credits": 1}))
        except ConnectionClosed:
            return


def _stopped(browser: Browser, plan: str, rng: random.Random) -> float:
    """S from one stop to silence."""
    run = browser.ask("POST", f"/api/plans/{plan}/treat", {"pace": 1.0})["run"]
    with browser.line(f"/api/runs/{run}/live") as live, browser.line(f"/api/runs/{run}/stop-line") as line:
        watcher = _Watcher(live)
        with _signs(line):
            _begin(browser, run, watcher)
            time.sleep(rng.uniform(0.1, 2.0))
            sent = time.monotonic()
            line.send("stop")
            off = watcher.until(lambda s: s["off_at"] is not None)["off_at"]
            watcher.until(lambda s: s["state"] == "ended")
    return off - sent


def _begin(browser: Browser, run: str, watcher: _Watcher) -> None:
    """Answer what is asked, until there is output."""
    while not (seen := watcher.until(lambda s: s["question"] or s["output_on"]))["output_on"]:
        asked = seen["question"]
        browser.ask("POST", f"/api/runs/{run}/answer", {"question": asked["text"], "answer": asked["choices"][0]})
        watcher.until(lambda s, asked=asked: s["question"] != asked)


@contextmanager
def _signs(line: ClientConnection) -> Iterator[None]:
    """Keep a stop line alive."""
    over = threading.Event()

    def sign() -> None:
        try:
            while not over.wait(0.25):
                line.send(".")
        except ConnectionClosed:
            return

    thread = threading.Thread(target=sign, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _ready() -> Iterator[tuple[Browser, str]]:
    """A server with somebody of every role, and an approved plan."""
    with tempfile.TemporaryDirectory(prefix="openhifu-console-") as folder, server_process(Path(folder)) as server:
        password, browser = secrets.token_urlsafe(16), Browser(server.port)
        browser.first_administrator(server.token, "Bench", password)
        roles = ["observer", "operator", "physicist", "physician", "administrator"]
        browser.ask("PATCH", "/api/people/Bench", {"roles": roles})
        browser.log_in("Bench", password)
        job = browser.ask("POST", "/api/cases/liver-in-water/plans", {})
        plan = browser.finished(job["id"])["plan"]
        browser.finished(browser.ask("POST", f"/api/plans/{plan}/rehearse", {})["id"])
        signature = {"name": "Bench", "password": password, "statement": "for a measurement"}
        browser.ask("POST", f"/api/plans/{plan}/approve", signature)
        yield browser, plan


@contextmanager
def _planning(browser: Browser) -> Iterator[None]:
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


def _quantile(ordered: list[float], share: float) -> float:
    """Nearest rank: the least value that this share of all does not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]

"""Treatments over a real server: begun, watched, stopped, resumed, reported; a server that dies ends the output."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from openhifu.base.outcome import Ending
from openhifu.console.runs import JOURNAL
from openhifu.console.server.browser import Browser, Seen, ServerProcess, picture_seen, server_process
from openhifu.console.server.people import Person, Role
from openhifu.delivery.folds import begun
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.model.events import Answered, Purpose, SonicationStarted
from tests.console_server import PASSWORD, served, with_plan

PATIENCE = 240.0
FAST = {"pace": 1000.0}


@dataclass
class Place:
    """A data folder with an approved plan and people, and what a server serves of it."""

    data: Path
    plan: str

    def journal(self, run: str) -> JournalReading:
        return read_journal(self.data / "runs" / run / JOURNAL)

    def ended(self, run: str) -> JournalReading:
        """The journal once its ending is there, whoever serves."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            path = self.data / "runs" / run / JOURNAL
            if path.is_file() and (found := read_journal(path)).finished:
                return found
            time.sleep(0.1)
        raise AssertionError(f"run {run} does not end")


@pytest.fixture
def place(tmp_path: Path, small_plan: Path, small_rehearsal: Path) -> Place:
    made = served(tmp_path / "data")
    people = made.console.people
    people.add(Person("Ada", frozenset({Role.OPERATOR})), PASSWORD)
    people.add(Person("Obi", frozenset({Role.OBSERVER})), PASSWORD)
    hashed = with_plan(made, small_plan, small_rehearsal)
    plan = made.console.library.plan(hashed)
    made.console.approvals.sign(plan, "Dr Chen", "I approve this plan.", despite="a block of tissue in water")
    return Place(made.console.settings.data, hashed)


def logged_in(server: ServerProcess, name: str) -> Browser:
    browser = Browser(server.port)
    browser.log_in(name, PASSWORD)
    return browser


@dataclass
class Watch:
    """What one browser saw of a run."""

    statuses: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[Seen] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The newest status once it is so."""
        with self.news:
            found = self.news.wait_for(lambda: any(true(s) for s in self.statuses), PATIENCE)
        assert found, f"never so; last: {self.statuses[-1:]}"
        return next(s for s in reversed(self.statuses) if true(s))


@contextmanager
def watching(browser: Browser, run: str, credits: int = 2) -> Iterator[Watch]:
    """A live line that gives a credit back for every picture."""
    watch = Watch()
    with browser.line(f"/api/runs/{run}/live") as line:
        line.send(json.dumps({"credits": credits}))

        def read() -> None:
            try:
                for message in line:
                    with watch.news:
                        if isinstance(message, bytes):
                            watch.pictures.append(picture_seen(message))
                        else:
                            watch.statuses.append(json.loads(message))
                        watch.news.notify_all()
                    if isinstance(message, bytes) and credits:
                        line.send(json.dumps({"credits": 1}))
            except ConnectionClosed:
                pass
            with watch.news:
                watch.closed = True
                watch.news.notify_all()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        yield watch
    reader.join(10.0)


@contextmanager
def stop_line(browser: Browser, run: str) -> Iterator[Callable[[], None]]:
    """A stop line that is kept alive; what is given stops over it."""
    over, asked = threading.Event(), threading.Event()
    with browser.line(f"/api/runs/{run}/stop-line") as line:

        def sign() -> None:
            try:
                while not over.wait(0.1):
                    line.send("stop" if asked.is_set() else ".")
                    asked.clear()
                    line.recv(timeout=10.0)
            except (ConnectionClosed, TimeoutError):
                return

        signs = threading.Thread(target=sign, daemon=True)
        signs.start()
        yield asked.set
        over.set()
        signs.join(10.0)


def begun_run(browser: Browser, plan: str, **wish: Any) -> str:
    return browser.ask("POST", f"/api/plans/{plan}/treat", {**FAST, **wish})["run"]


def say_yes(browser: Browser, run: str, watch: Watch, words: str) -> None:
    asked = watch.until(lambda s: s["question"] is not None and words in s["question"]["text"])["question"]
    browser.ask("POST", f"/api/runs/{run}/answer", {"question": asked["text"], "answer": asked["choices"][0]})


def test_treated_stopped_half_way_resumed_and_reported(place: Place) -> None:
    with server_process(place.data) as server:
        ada, obi = logged_in(server, "Ada"), logged_in(server, "Obi")
        first = begun_run(ada, place.plan, pace=200.0)
        refused, _ = ada.raw("POST", f"/api/plans/{place.plan}/treat", FAST)
        assert refused == 409, "two treatments at a time"
        with watching(ada, first) as seen, watching(obi, first) as other, stop_line(ada, first) as stop:
            say_yes(ada, first, seen, "is this the patient")
            seen.until(lambda s: s["spots_done"] >= 3 and s["output_on"])
            stop()
            assert seen.until(lambda s: s["state"] == "ended")["ending"] == "operator stop"
            assert other.until(lambda s: s["state"] == "ended")["ending"] == "operator stop"
        assert {p.header["kind"] for p in seen.pictures} == {"temperature", "dose"}
        sequences = [p.header["sequence"] for p in seen.pictures if p.header["kind"] == "temperature"]
        assert sequences == sorted(set(sequences))
        place.ended(first)
        while not (found := ada.ask("GET", f"/api/runs/{first}"))["state"] == "ended":
            time.sleep(0.1)
        assert found["resumable"] and "stopped by Ada" in found["sentence"] and found["journal_ok"]

        second = begun_run(ada, place.plan, resume_of=first)
        with watching(ada, second) as seen, stop_line(ada, second):
            say_yes(ada, second, seen, "is this the patient")
            say_yes(ada, second, seen, "not repeated")
            assert seen.until(lambda s: s["state"] == "ended")["ending"] == "completed"
            seen.until(lambda s: "whole" in s["words"])
        states = [spot["state"] for spot in ada.ask("GET", f"/api/runs/{second}")["spot_list"]]
        assert states.count("earlier") == found["spots_done"] and "to come" not in states
        done = [place.ended(first).events, place.ended(second).events]
        assert not begun(done[0]) & begun(done[1]), "a spot was repeated"
        assert len(begun(done[0]) | begun(done[1])) == found["spots"]
        assert any(isinstance(e.what, Answered) and e.what.by == "Ada" for e in done[1])
        again, sentence = ada.raw("POST", f"/api/plans/{place.plan}/treat", {**FAST, "resume_of": first})
        assert again == 409 and b"resumed" in sentence

        ada.finished(ada.ask("POST", f"/api/runs/{second}/report")["id"])
        status, report = obi.raw("GET", f"/api/runs/{second}/report.pdf")
        assert status == 200 and report.startswith(b"%PDF")


def test_nothing_begins_before_an_operators_stop_line_is_open_and_any_role_may_stop(place: Place) -> None:
    with server_process(place.data) as server:
        ada, obi = logged_in(server, "Ada"), logged_in(server, "Obi")
        assert obi.raw("POST", f"/api/plans/{place.plan}/treat", FAST)[0] == 403
        run = begun_run(ada, place.plan)
        with watching(obi, run) as seen, stop_line(obi, run):
            seen.until(lambda s: s["state"] == "waiting")
            assert not (place.data / "runs" / run / JOURNAL).exists()
            with stop_line(ada, run):
                seen.until(lambda s: s["question"] is not None)
                assert obi.ask("POST", f"/api/runs/{run}/stop") == {"stopped": True}
                seen.until(lambda s: s["state"] == "ended")
        journal = place.ended(run)
        assert "stopped by Obi" in journal.sentence or "stopped by Obi" in str(journal.events[-1].what)


def treating(place: Place, browser: Browser, stack: ExitStack) -> tuple[str, Watch]:
    """A treatment at a pace at which an exposure lasts seconds, with output on."""
    run = begun_run(browser, place.plan, pace=40.0)
    seen = stack.enter_context(watching(browser, run))
    stack.enter_context(stop_line(browser, run))
    say_yes(browser, run, seen, "is this the patient")
    seen.until(lambda s: s["output_on"])
    return run, seen


@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_a_server_that_dies_ends_the_output_and_leaves_a_run_to_resume(place: Place, how: str) -> None:
    with server_process(place.data) as server, ExitStack() as stack:
        run, _ = treating(place, logged_in(server, "Ada"), stack)
        (server.freeze if how == "frozen" else server.kill)()
        journal = place.ended(run)
        (server.kill)()
    last = journal.events[-1].what
    assert journal.intact and getattr(last, "ending", None) is Ending.OPERATOR_STOP
    assert ("silent" if how == "frozen" else "gone") in str(last)
    assert "stopped by the console" in str(last) and "Ada" not in str(last)
    treated = [e.what for e in journal.events if isinstance(e.what, SonicationStarted)]
    assert len([w for w in treated if w.purpose is Purpose.TREAT]) < 24
    with server_process(place.data) as again:
        until, ada = time.monotonic() + PATIENCE, logged_in(again, "Ada")
        while (found := ada.ask("GET", f"/api/runs/{run}"))["state"] != "ended" and time.monotonic() < until:
            time.sleep(0.1)
        assert found["resumable"], found


def test_a_browser_that_is_closed_stops_its_treatment(place: Place) -> None:
    with server_process(place.data) as server:
        ada = logged_in(server, "Ada")
        with ExitStack() as browser:
            run, _ = treating(place, ada, browser)
        assert "stop line" in str(place.ended(run).events[-1].what)


def test_a_suspended_browser_gets_no_pictures_and_delays_nobody(place: Place) -> None:
    with server_process(place.data) as server, ExitStack() as stack:
        ada, obi = logged_in(server, "Ada"), logged_in(server, "Obi")
        run = begun_run(ada, place.plan, pace=400.0)
        suspended = stack.enter_context(watching(obi, run, credits=0))
        frozen = stack.enter_context(obi.line(f"/api/runs/{run}/live"))  # nothing is ever read from this one
        frozen.send(json.dumps({"credits": 8}))
        others = [stack.enter_context(watching(browser, run)) for browser in (ada, obi)]
        stack.enter_context(stop_line(ada, run))
        say_yes(ada, run, others[0], "is this the patient")
        for seen in others:
            assert seen.until(lambda s: s["state"] == "ended")["ending"] == "completed"
        assert not suspended.pictures
        assert all(len(seen.pictures) > 20 for seen in others)

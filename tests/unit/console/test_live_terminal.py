"""The person at the terminal: keys are read whatever the program does, and the screen says what is going on."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from openhifu.base.errors import CannotModel
from openhifu.base.outcome import Ending
from openhifu.console import attended
from openhifu.console.keyboard import KeyboardOperator
from openhifu.console.live_status import LiveStatus
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.journal import read_journal
from openhifu.delivery.protocols import AlarmAct, AlarmReply, Question, Reply
from openhifu.twin.rehearse import Attended, rehearse
from tests.unit.delivery.bench import QUIET, PointPatient, deliver, device, plan
from tests.unit.delivery.test_endings import quiet

pytest.importorskip("termios", reason="no terminals of this kind on this system")


@pytest.fixture
def keys() -> Iterator[tuple[KeyboardOperator, int]]:
    ours, theirs = os.openpty()
    with KeyboardOperator("Ada", theirs) as operator:
        yield operator, ours
    os.close(theirs)
    os.close(ours)


def soon(true: Callable[[], object]) -> object:
    until = time.monotonic() + 10.0
    while not (found := true()) and time.monotonic() < until:
        time.sleep(0.005)
    return found


@pytest.mark.parametrize("key", [b"s", b" ", b"\x1b"])
def test_a_stop_key_stops_and_stays(keys: tuple[KeyboardOperator, int], key: bytes) -> None:
    operator, terminal = keys
    assert operator.stop_requested() is None
    os.write(terminal, key)
    assert soon(operator.stop_requested) == "Ada"
    assert operator.stop_requested() == "Ada"


def test_a_question_is_answered_by_its_number_and_not_by_an_older_key(keys: tuple[KeyboardOperator, int]) -> None:
    operator, terminal = keys
    question = Question("go on?", ("yes", "no"))
    os.write(terminal, b"1x")
    time.sleep(0.2)
    assert operator.answer(question) is None
    assert operator.question == question
    os.write(terminal, b"7")
    time.sleep(0.2)
    assert operator.answer(question) is None
    os.write(terminal, b"2")
    assert soon(lambda: operator.answer(question)) == Reply("no", "Ada")
    assert operator.question is None
    assert operator.answer(question) is None


def test_alarms_are_acknowledged_and_paused_once(keys: tuple[KeyboardOperator, int]) -> None:
    operator, terminal = keys
    for key, act in ((b"a", AlarmAct.ACKNOWLEDGE), (b"p", AlarmAct.PAUSE_AUDIO)):
        os.write(terminal, key)
        assert soon(operator.alarm_reply) == AlarmReply(act, "Ada")
        assert operator.alarm_reply() is None


def test_a_terminal_that_is_gone_is_a_stop() -> None:
    import termios

    ours, theirs = os.openpty()
    operator = KeyboardOperator("Ada", theirs)
    with pytest.raises((termios.error, OSError)), operator:
        os.close(ours)
        assert soon(operator.stop_requested) == "Ada"
        os.close(theirs)


def test_no_terminal_no_stop_key(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    with pytest.raises(CannotModel), KeyboardOperator("Ada", handle):
        pass
    os.close(handle)


def test_the_screen_follows_a_run(tmp_path: Path) -> None:
    deliver(tmp_path / "j", model=quiet(moves_at=5.03, displacement=5e-3))
    status, screens = LiveStatus(2), []
    for event in read_journal(tmp_path / "j").events:
        status.told(event)
        screens.append("\n".join(status.lines(Question("go on?", ("yes", "no")) if status.alarms.alarms else None)))
    assert any("ULTRASOUND ON  60 W" in s for s in screens)
    assert any("MEDIUM ALARM motion" in s and "1 yes   2 no" in s for s in screens)
    assert "exposure 2 of 2" in screens[-1]
    assert "completed" in screens[-1]
    assert status.lines(Question("go on?", ("yes", "no"))) == screens[-1].splitlines()  # over: nothing is asked
    assert not status.bell
    assert status.colour() == ""
    assert QUIET.operator


class Breaking(io.StringIO):
    """A terminal's output that can be made to fail."""

    broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise OSError("gone")
        return super().write(text)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_screen_that_cannot_be_drawn_is_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    output = Breaking()
    monkeypatch.setattr(attended, "Console", lambda **_options: Console(file=output, force_terminal=True))
    with os.fdopen(theirs) as keyboard:
        monkeypatch.setattr("sys.stdin", keyboard)
        with attended.attended_run("Ada", 2, 1.0) as (person, _):
            assert person.operator.stop_requested() is None
            output.broken = True
            assert soon(person.operator.stop_requested) == "Ada"
            output.broken = False
    os.close(ours)


def test_the_screen_says_in_words_that_the_engine_hangs_and_no_longer_once_it_answers(tmp_path: Path) -> None:
    run = deliver(tmp_path / "j")
    events, wall = run.journal.events, [0.0]
    status = LiveStatus(2, pace=2.0, now=lambda: wall[0])
    wall[0] = 100.0
    assert not status.silent  # it has not begun: fields are being solved
    status.told(events[0])
    wall[0] += 6.9
    assert "ANSWERED" not in status.lines()[0]
    wall[0] += 1.0
    assert "ENGINE HAS NOT ANSWERED FOR 8 s; output lapses by its lease of 0.2 s" in status.lines()[0]
    assert status.bell
    status.told(events[1])
    assert not status.silent
    status.told(events[-1])
    wall[0] += 60.0
    assert not status.silent


def test_a_person_has_ten_minutes_of_their_own_for_an_answer_at_any_pace(tmp_path: Path) -> None:
    class Slow:
        """Answers after 700 simulated seconds, which are a fraction of a second on the wall."""

        asked = 0

        def stop_requested(self) -> str | None:
            return None

        def answer(self, question: Question) -> Reply | None:
            self.asked += 1
            return Reply(question.choices[0], "Ada") if self.asked > 7000 else None

        def alarm_reply(self) -> AlarmReply | None:
            return None

    person = Attended("Ada", Slow(), lambda event: None, 1e5)
    run = rehearse(Rehearsal(plan()), device(), PointPatient(), tmp_path / "j", 1, "test", model=QUIET, attended=person)
    assert run.result.ending is Ending.COMPLETED, run.result.sentence
    assert run.duration > 700

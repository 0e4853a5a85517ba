"""The person at the terminal: a thread that always reads the keys, so that stop is heard whatever the program does."""

from __future__ import annotations

import os
import select
import sys
import threading
from types import TracebackType
from typing import Any, Self

from openhifu.base.errors import CannotModel
from openhifu.delivery.protocols import AlarmAct, AlarmReply, Question, Reply

STOP_KEYS = frozenset({"s", "S", " ", "\x1b"})
"""s, the space bar and Escape."""

HELP = "s, space or Esc: stop   1, 2 ...: answer   a: acknowledge alarms   p: pause their sound"


class KeyboardOperator:
    """Operator behind a keyboard; use as a context, which gives the terminal back as it was.

    A closed or broken input counts as a stop: who cannot be heard cannot stop.

    Args:
        name: of the person, under which everything is written down.
        handle: file descriptor of the terminal; standard input if not given.

    Raises:
        CannotModel: if the input is no terminal whose keys can be read one by one.
    """

    def __init__(self, name: str, handle: int | None = None) -> None:
        """Nothing is read yet."""
        self._name, self._handle = name, sys.stdin.fileno() if handle is None else handle
        self._lock, self._stop, self._over = threading.Lock(), threading.Event(), threading.Event()
        self._choice: int | None = None
        self._asked: Question | None = None
        self._alarm: AlarmAct | None = None
        self._before: list[Any] = []
        self._thread = threading.Thread(target=self._read, name="keys", daemon=True)

    def __enter__(self) -> Self:
        """Read keys one by one from here on."""
        try:
            import termios
            import tty

            self._before = termios.tcgetattr(self._handle)
            tty.setcbreak(self._handle)
        except (ImportError, OSError, ValueError) as error:
            raise CannotModel("a stop key needs a terminal; run this in one") from error
        except Exception as error:  # termios.error has no base that can be named without termios
            raise CannotModel(f"a stop key needs a terminal; run this in one (this input: {error})") from error
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the terminal back."""
        import termios

        self._over.set()
        self._thread.join()
        termios.tcsetattr(self._handle, termios.TCSADRAIN, self._before)

    @property
    def question(self) -> Question | None:
        """What is being asked, for the screen."""
        return self._asked

    def stop(self) -> None:
        """Stop as if the key had been pressed: for a screen that fails, since who cannot see must not go on."""
        self._stop.set()

    def stop_requested(self) -> str | None:
        """The name, once a stop key was pressed."""
        return self._name if self._stop.is_set() else None

    def answer(self, question: Question) -> Reply | None:
        """The choice whose number was pressed since the question was first asked."""
        with self._lock:
            if self._asked != question:
                self._asked, self._choice = question, None
            if self._choice is None or not 0 <= self._choice < len(question.choices):
                return None
            chosen, self._asked, self._choice = question.choices[self._choice], None, None
            return Reply(chosen, self._name)

    def alarm_reply(self) -> AlarmReply | None:
        """What was done about the alarms since this was asked last."""
        with self._lock:
            act, self._alarm = self._alarm, None
        return None if act is None else AlarmReply(act, self._name)

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                ready, _, _ = select.select([self._handle], [], [], 0.02)
                keys = os.read(self._handle, 64).decode(errors="replace") if ready else None
            except OSError:
                keys = ""
            if keys == "":
                self._stop.set()
                return
            for key in keys or "":
                self._pressed(key)

    def _pressed(self, key: str) -> None:
        if key in STOP_KEYS:
            self._stop.set()
        with self._lock:
            if key.isdigit():
                self._choice = int(key) - 1
            elif key == "a":
                self._alarm = AlarmAct.ACKNOWLEDGE
            elif key == "p":
                self._alarm = AlarmAct.PAUSE_AUDIO

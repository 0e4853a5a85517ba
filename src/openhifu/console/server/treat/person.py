"""The person in charge, behind a pipe: stops by the ear, answers and acknowledgements by lines."""

from __future__ import annotations

import threading
from typing import Any

from openhifu.console.server.treat.ear import Ear
from openhifu.delivery.protocols import AlarmAct, AlarmReply, Question, Reply


class PipedPerson:
    """An ``Operator`` whose words come from the server.

    Args:
        name: in charge.
        ear: which hears stops.
    """

    def __init__(self, name: str, ear: Ear) -> None:
        """Nothing was said yet."""
        self._name, self._ear, self._lock = name, ear, threading.Lock()
        self._asked: Question | None = None
        self._reply: Reply | None = None
        self._alarm: AlarmReply | None = None

    @property
    def question(self) -> Question | None:
        """What is being asked."""
        return self._asked

    def take(self, message: dict[str, Any]) -> None:
        """A message from the server: an answer to the question that is asked, or what is done about the alarms."""
        by = str(message.get("by", ""))
        with self._lock:
            asked = self._asked
            if asked is not None and message.get("question") == asked.text and message.get("answer") in asked.choices:
                self._reply = Reply(str(message["answer"]), by)
            elif message.get("alarm") in set(AlarmAct):
                self._alarm = AlarmReply(AlarmAct(message["alarm"]), by)

    def stop_requested(self) -> str | None:
        """Who stopped, with the reason of a stop that nobody sent."""
        return self._ear.stopped

    def answer(self, question: Question) -> Reply | None:
        """The answer to exactly this question, given since it was first asked."""
        with self._lock:
            if self._asked != question:
                self._asked, self._reply = question, None
            if self._reply is None:
                return None
            reply, self._asked, self._reply = self._reply, None, None
            return reply

    def alarm_reply(self) -> AlarmReply | None:
        """What was done about the alarms since this was asked last."""
        with self._lock:
            done, self._alarm = self._alarm, None
            return done

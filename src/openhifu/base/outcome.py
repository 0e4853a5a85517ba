"""How a solve or a step ended: a named value, a sentence for people, and what to do next."""

from __future__ import annotations

from enum import StrEnum

from openhifu.base.record import Record


class Ending(StrEnum):
    """The endings that are never mistaken for one another."""

    COMPLETED = "completed"
    OPERATOR_STOP = "operator stop"
    PATIENT_STOP = "patient stop"
    INTERLOCK = "interlock"
    FAULT = "fault"


class Verdict(StrEnum):
    """How a check or a solve turned out."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Outcome(Record):
    """A verdict with its sentence and its remedy.

    Attributes:
        verdict: ok, warning or error.
        sentence: what is the case, with the number and its unit.
        remedy: what would help; empty when nothing is needed.
    """

    verdict: Verdict
    sentence: str
    remedy: str = ""

"""What the server asks of an engine's process; apart from it, so that the server need not load the engine."""

from __future__ import annotations

from openhifu.base.record import Record

ENGINE_LOCK = "engine.lock"
"""Held by the engine's process in the data folder: one treatment at a time, whoever serves the browsers."""


class TreatRequest(Record):
    """What the engine's process is to do.

    Attributes:
        home: the data folder.
        plan: hash.
        run: name of the run folder to make.
        person: in charge.
        pace: simulated seconds per second at most.
        seed: of the simulated patient and machine.
        second_look: as the server has it.
        resume_of: the run this one goes on from; empty for a new treatment.
    """

    home: str
    plan: str
    run: str
    person: str
    pace: float
    seed: int
    second_look: float
    resume_of: str = ""

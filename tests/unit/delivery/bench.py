"""A tiny treatment for the tests of delivery: the bench plan, delivered to the patient of one point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Authorisation, Rehearsal
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.model.transducer import Transducer
from openhifu.twin.bench import GROWTH_TIME, PointPatient, device, plan, site_limits, titration
from openhifu.twin.faults import FaultScript
from openhifu.twin.machine import MachineModel
from openhifu.twin.rehearse import SimulatedRun, rehearse

__all__ = ["GROWTH_TIME", "PointPatient", "device", "plan", "site_limits", "titration"]

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUIET = MachineModel(temperature_noise=0.0, meter_noise=0.0, calibration_error=False, idle_frame_time=1.0)


@dataclass
class Bench:
    """A run and everything that is known about it afterwards."""

    run: SimulatedRun
    patient: PointPatient
    journal: JournalReading

    @property
    def ending(self) -> Ending:
        return self.run.result.ending

    def kinds(self) -> list[str]:
        return [e.what.kind for e in self.journal.events]


def deliver(
    path: Path,
    authorisation: Authorisation | None = None,
    patient: PointPatient | None = None,
    model: MachineModel = QUIET,
    faults: FaultScript | None = None,
    earlier: tuple[JournalReading, ...] = (),
    source: Transducer | None = None,
    seed: int = 1,
) -> Bench:
    body = patient or PointPatient()
    run = rehearse(
        authorisation or Rehearsal(plan()),
        source or device(),
        body,
        path,
        seed,
        "test",
        model=model,
        faults=faults,
        earlier=earlier,
        started=STARTED,
    )
    return Bench(run, body, read_journal(path))

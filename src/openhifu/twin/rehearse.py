"""Rehearsal: the same engine, program and journal as a treatment, on a simulated machine and patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from openhifu.base.progress import Progress, silent
from openhifu.delivery.authorisation import Authorisation
from openhifu.delivery.endings import RunResult
from openhifu.delivery.engine import TreatmentEngine
from openhifu.delivery.journal import Journal, JournalReading, Told
from openhifu.delivery.protocols import Operator
from openhifu.delivery.rules import SafetyRules
from openhifu.delivery.stop_switch import StopSwitch
from openhifu.delivery.words import RunInfo
from openhifu.model.transducer import Transducer
from openhifu.twin.body import Body
from openhifu.twin.clock import SimulatedClock
from openhifu.twin.faults import FaultScript, with_faults
from openhifu.twin.machine import MachineModel, Senses, simulated_machine


@dataclass(frozen=True, eq=False)
class Attended:
    """A person who runs a simulated treatment, in the place of the simulated operator.

    Attributes:
        name: of the person, for the journal.
        operator: who stops, answers and acknowledges.
        told: hears of every event; returns at once and never raises.
        pace: simulated seconds per second at most: one who must answer needs time to read.
        switch: is given the switch that ends the output from any thread, before the run begins; None for no switch.
    """

    name: str
    operator: Operator
    told: Told
    pace: float
    switch: Callable[[StopSwitch], None] | None = None


def _rules(attended: Attended | None) -> SafetyRules:
    """The rules; a person who is there has their seconds to answer in, whatever the pace of the simulated ones."""
    patience = SafetyRules().people_patience
    return SafetyRules(people_patience=patience * (1.0 if attended is None else attended.pace))


@dataclass(frozen=True)
class SimulatedRun:
    """A finished run on the simulated machine.

    Attributes:
        result: its ending.
        duration: s of simulated time.
        gain: true power over the power the machine believed in.
        last_output: when the output truly ended for the last time [s]; minus infinity if there never was any.
    """

    result: RunResult
    duration: float
    gain: float
    last_output: float


def rehearse(
    authorisation: Authorisation,
    device: Transducer,
    body: Body,
    journal_path: Path,
    seed: int,
    program_version: str,
    model: MachineModel | None = None,
    rules: SafetyRules | None = None,
    earlier: Sequence[JournalReading] = (),
    faults: FaultScript | None = None,
    started: datetime | None = None,
    progress: Progress = silent,
    attended: Attended | None = None,
    senses: Senses | None = None,
) -> SimulatedRun:
    """Run a plan on the simulated machine, as fast as it goes or as a person who attends it wants.

    Args:
        authorisation: ``Rehearsal(plan)``, or ``Approved(plan, approval)`` to treat on the simulated device.
        device: description of the device in force.
        body: the simulated patient.
        journal_path: a file that does not exist yet.
        seed: of machine noise and calibration error (the patient has its own).
        program_version: of OpenHIFU, for the journal.
        model: the machine's imperfections and the day's events; ``MachineModel()`` if not given.
        rules: safety numbers; ``SafetyRules()`` if not given.
        earlier: journals of the interrupted runs of this plan, oldest first; their exposures are not repeated.
        faults: what breaks.
        started: time on the wall at the start; now if not given.
        progress: told after every exposure.
        attended: the person at the console; the simulated operator if not given.
        senses: what watches the body; the plain thermometer if not given.

    Raises:
        StorageError: if the journal cannot be made; nothing was done then.
    """
    clock = SimulatedClock(started, None if attended is None else attended.pace)
    machine_model = model or MachineModel()
    machine = simulated_machine(clock, device, authorisation.plan.pose.focus, body, seed, machine_model, senses)
    here = machine.devices if attended is None else replace(machine.devices, operator=attended.operator)
    if attended is not None and attended.switch is not None:
        guarded = StopSwitch(here.generator)
        attended.switch(guarded)
        here = replace(here, generator=guarded)
    devices = here if faults is None else with_faults(here, faults, clock)
    run = journal_path.parent.name or "run"
    if attended is None:
        journal = Journal.create(journal_path, run, machine_model.operator, clock)
    else:
        journal = Journal.create(journal_path, run, attended.name, clock, told=attended.told)
    events = tuple(event for reading in earlier for event in reading.events)
    info = RunInfo(program_version, seed, events, earlier[-1].last_hash if earlier else "")
    kept = rules or _rules(attended)
    result = TreatmentEngine(authorisation, device, devices, journal, clock, kept, info, progress).run()
    machine.thermometer.bring_up_to_date()
    return SimulatedRun(result, clock.now(), machine.gain, machine.generator.last_output)

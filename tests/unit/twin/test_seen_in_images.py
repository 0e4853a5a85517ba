"""A rehearsal steered by simulated phase images: near the truth, and images that fail stop it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import CannotModel
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.journal import JournalReading, read_journal
from openhifu.delivery.protocols import TemperatureReading
from openhifu.model.catalogue import tissue
from openhifu.model.events import InterlockTripped, Reading
from openhifu.model.medium import Medium
from openhifu.model.plan import TreatmentPlan
from openhifu.monitoring.thermometer import TARGET
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.twin.machine import Eye, MachineModel, Senses
from openhifu.twin.patient import SimulatedPatient
from openhifu.twin.rehearse import rehearse
from openhifu.twin.seen_in_images import ScannerModel, SeenInImages
from tests.unit.delivery.bench import device, plan

GRID = Grid.box((-20e-3, -20e-3, -22e-3), (20e-3, 20e-3, 22e-3), 1e-3, Frame.PATIENT)
AWAY = GRID.points()
REGIONS = {TARGET: np.linalg.norm(AWAY, axis=-1) < 8e-3, "ribs": AWAY[..., 0] < -17e-3}


def heat() -> Field:
    """W/m3 at 1 W, wide enough for a voxel of 2 mm to read most of the peak."""
    shape = np.exp(-(AWAY[..., 0] ** 2 + AWAY[..., 1] ** 2) / (2.5e-3) ** 2 - AWAY[..., 2] ** 2 / (5e-3) ** 2)
    return Field(GRID, (6e5 * shape).astype(np.float32), Quantity.HEAT_RATE)


def patient(of: TreatmentPlan) -> SimulatedPatient:
    solver = Pennes(Medium.uniform(tissue("liver"), GRID), tissue("blood"), Boundary.HELD_AT_START, track_peak=True)
    return SimulatedPatient(solver, ThermalDose(GRID), of.sonications, lambda s: heat(), REGIONS, voxel=2e-3)


def eye_on(body: SimulatedPatient, model: ScannerModel | None = None) -> SeenInImages:
    tissues = Medium.uniform(tissue("liver"), GRID).map
    return SeenInImages(tissues, body.solver, REGIONS, heat(), "water", model or ScannerModel())


def run(path: Path, body: SimulatedPatient, of: TreatmentPlan, eye: Eye) -> tuple[Ending, JournalReading]:
    ended = rehearse(Rehearsal(of), device(), body, path, 1, "test", model=MachineModel(), senses=Senses(eye=eye))
    return ended.result.ending, read_journal(path)


def readings(reading: JournalReading) -> list[Reading]:
    return [w for e in reading.events if isinstance(w := e.what, Reading)]


def test_the_images_show_what_the_patient_goes_through(tmp_path: Path) -> None:
    """Noise of a voxel is 0.6 K; what is left of the hottest voxel's bias is less than that."""
    of = plan(spots=1, power=40.0, cooling_time=20.0)
    body = patient(of)
    ending, reading = run(tmp_path / "j", body, of, eye_on(body))
    assert ending is Ending.COMPLETED
    seen = readings(reading)
    times, hottest = body.curves.time, body.curves.hottest[TARGET]
    truth = np.interp([r.measured_at for r in seen], times, hottest)
    read = np.array([r.target for r in seen])
    cold, hot = truth < 37.1, np.array([r.index is not None for r in seen]) & (truth > 50.0)
    assert cold.sum() >= 1
    assert hot.sum() >= 3
    assert abs(float(np.mean(read[cold])) - 37.0) < 1.5
    share = (read[hot] - 37.0) / (truth[hot] - 37.0)
    assert np.all((share > 0.6) & (share < 1.05)), share


@pytest.mark.parametrize(("wrong", "name"), [("dark", "target temperature"), ("stuck", "thermometer stale")])
def test_images_that_fail_trip_and_end_the_output(tmp_path: Path, wrong: str, name: str) -> None:
    of = plan(spots=1, power=40.0, on_time=12.0)
    body = patient(of)
    eye, last = eye_on(body), []

    def failing(at: float) -> TemperatureReading:
        if at < 8.0:
            last[:] = [eye(at)]
            return last[0]
        return last[0] if wrong == "stuck" else replace(eye(at), target=math.nan)

    _, reading = run(tmp_path / "j", body, of, failing)
    assert name in {w.name for e in reading.events if isinstance(w := e.what, InterlockTripped)}


def test_images_too_noisy_to_tell_a_wrap_are_no_temperatures() -> None:
    body = patient(plan(spots=1))
    read = eye_on(body, ScannerModel(snr=1.5))(1.0)
    assert math.isnan(read.target)


def test_an_organ_that_cannot_be_seen_is_refused_with_what_to_do() -> None:
    body = patient(plan(spots=1))
    tissues = Medium.uniform(tissue("bone_cortical"), GRID).map
    with pytest.raises(CannotModel, match="--thermometer plain"):
        SeenInImages(tissues, body.solver, REGIONS, heat(), "water", ScannerModel())

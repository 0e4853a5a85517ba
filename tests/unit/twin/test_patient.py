"""The simulated patient: heated by what the machine radiates, with the same physics as the plan, and rehearsed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import Infeasible
from openhifu.base.field import Field, Quantity
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.outcome import Ending
from openhifu.delivery.authorisation import Rehearsal
from openhifu.delivery.folds import delivered_energy, delivered_spots
from openhifu.delivery.journal import read_journal
from openhifu.model.catalogue import tissue
from openhifu.model.limits import Titration
from openhifu.model.medium import Medium
from openhifu.model.plan import TreatmentPlan
from openhifu.model.sonication import Sonication
from openhifu.monitoring.thermometer import TARGET
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.twin.body import Beam
from openhifu.twin.machine import MachineModel
from openhifu.twin.patient import SimulatedPatient
from openhifu.twin.rehearse import rehearse
from tests.unit.delivery.bench import QUIET, STARTED, device, plan

GRID = Grid.box((-12e-3, -12e-3, -15e-3), (12e-3, 12e-3, 15e-3), 1e-3, Frame.PATIENT)
HEAT_PER_WATT = 8e5
"""W/m3 at the focus and 1 W: warms liver by some 0.2 K/s."""


def heat_at(focus: tuple[float, float, float]) -> Field:
    away = GRID.points() - np.asarray(focus)
    shape = np.exp(-(away[..., 0] ** 2 + away[..., 1] ** 2) / (1.2e-3) ** 2 - away[..., 2] ** 2 / (5e-3) ** 2)
    return Field(GRID, (HEAT_PER_WATT * shape).astype(np.float32), Quantity.HEAT_RATE)


def patient(of: TreatmentPlan, stronger: float = 1.0) -> SimulatedPatient:
    liver = tissue("liver")
    solver = Pennes(Medium.uniform(liver, GRID), tissue("blood"), Boundary.HELD_AT_START, track_peak=True)
    away = np.linalg.norm(GRID.points(), axis=-1)
    regions = {TARGET: away < 8e-3, "ribs": GRID.points()[..., 0] < -9e-3}

    def heat_for(sonication: Sonication) -> Field:
        field = heat_at(sonication.focus)
        return Field(GRID, stronger * field.data, field.quantity)

    return SimulatedPatient(solver, ThermalDose(GRID), of.sonications, heat_for, regions, voxel=1e-3)


def expecting(peak_power: float = 60.0) -> TreatmentPlan:
    """A plan of three spots whose predicted peak is what the nominal patient really reaches."""
    draft = plan(spots=3, power=peak_power, cooling_time=40.0, pre_cooling=2.0)
    alone = patient(draft)
    alone.advance(8.0, Beam(peak_power, draft.sonications[0].focus, ()))
    peak = float(alone.peak.data.max())
    rule = Titration(
        test_share=0.3,
        test_on_time=8.0,
        growth_time=1.5,
        reading_share=1.0,
        lowest_scale=0.6,
        highest_scale=1.6,
        damping=0.5,
    )
    return draft.model_copy(
        update={
            "sonications": tuple(
                s.model_copy(update={"predicted_peak": peak, "focus": (4e-3 * (s.index - 1), 0.0, 0.0)})
                for s in draft.sonications
            ),
            "prescription": draft.prescription.model_copy(update={"titration": rule}),
        }
    )


def test_it_lives_through_a_beam_as_the_solver_does() -> None:
    of = plan()
    lived, solver = patient(of), Pennes(Medium.uniform(tissue("liver"), GRID), tissue("blood"), Boundary.HELD_AT_START)
    focus = of.sonications[0].focus
    lived.advance(4.0, Beam(50.0, focus, ()))
    lived.advance(6.0, None)
    for duration, power in ((1.0, 50.0),) * 4 + ((3.0, 0.0),) * 2:
        solver.advance(duration, heat_at(focus), power)
    assert np.array_equal(lived.solver.temperature.data, solver.temperature.data)
    curves = lived.curves
    assert curves.time == pytest.approx([0, 1, 2, 3, 4, 7, 10])
    assert list(curves.power) == [0.0] + [50.0] * 4 + [0.0] * 2
    assert curves.hottest[TARGET].max() == pytest.approx(float(lived.peak.data.max()), abs=0.01)
    assert int(np.argmax(curves.hottest[TARGET])) == 4
    assert set(curves.hottest) == {TARGET, "ribs"}


def test_a_beam_of_another_plan_is_refused() -> None:
    with pytest.raises(Infeasible, match="another plan"):
        patient(plan()).advance(1.0, Beam(50.0, (0.5, 0.0, 0.0), ()))


@pytest.mark.parametrize("stronger", [0.75, 1.0, 1.3])
def test_a_rehearsal_brings_a_different_patient_to_the_planned_peak(tmp_path: Path, stronger: float) -> None:
    of = expecting()
    wanted = of.sonications[0].predicted_peak
    body = patient(of, stronger)
    model = MachineModel(temperature_noise=0.5, meter_noise=0.01)
    run = rehearse(Rehearsal(of), device(), body, tmp_path / "j", 2, "test", model=model, started=STARTED)
    reading = read_journal(tmp_path / "j")
    assert run.result.ending is Ending.COMPLETED, run.result
    spots = delivered_spots(reading.events)
    assert len(spots) == 3
    last = [body.curves.hottest[TARGET][_during(body, i + 1)].max() for i in range(3)]
    assert last[0] == pytest.approx(wanted, abs=5.0)
    assert last[-1] == pytest.approx(wanted, abs=2.5)
    assert body.dose.volume(240.0) > 0
    true = float(np.sum(body.curves.power[1:] * np.diff(body.curves.time)))
    assert delivered_energy(reading.events) * run.gain == pytest.approx(true, rel=1e-9)


def _during(body: SimulatedPatient, exposure: int) -> np.ndarray:
    """Points of the curves that belong to an exposure (0 is the test)."""
    on = body.curves.power > 0
    number = np.cumsum(np.diff(on.astype(int), prepend=0) == 1)
    return on & (number == exposure + 1)


def test_the_patient_does_not_depend_on_how_often_it_is_looked_at(tmp_path: Path) -> None:
    """A thermometer that takes an image every 2 s instead of every second leaves the same heat behind."""
    of = plan(spots=1, cooling_time=6.0)
    peaks = []
    for frame_time in (1.0, 2.0):
        body = patient(of)
        model = MachineModel(**{**vars(QUIET), "frame_time": frame_time})
        rehearse(Rehearsal(of), device(), body, tmp_path / f"{frame_time}", 2, "test", model=model, started=STARTED)
        peaks.append(body.peak.data.max())
    assert peaks[0] == pytest.approx(peaks[1], abs=0.05)

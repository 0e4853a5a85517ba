"""What planning says of its own plan, coverage and time, against a simulation on finer grids by another heat solver.

The liver case: fields marched anew on voxels of 0.35 mm (the plan's are 0.5), heat on 0.7 mm (the plan's is 1). The
target is followed in a box by the solver of varying properties, with the plan's powers and pauses; the time is that of
the whole treatment on the fine grid, whose pauses are decided anew by what the organs reach there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from openhifu.base.field import Field
from openhifu.base.validation import ValidationRow
from openhifu.imaging import bundled_case, read_case
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.medium import Medium
from openhifu.model.plan import TreatmentPlan
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.aim import Aim
from openhifu.planning.anatomy import anatomy
from openhifu.planning.beam import Fineness
from openhifu.planning.fields import SpotFields, solve_spots
from openhifu.planning.make import make_plan
from openhifu.planning.predict import held_and_insulating, predict
from openhifu.planning.scene import Scene, scene
from openhifu.planning.scene_task import about_target
from openhifu.thermal.boundary import Boundary
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.varying import VaryingPennes

_FINE = Fineness(field=0.35e-3)
_LIMIT = 3.0  # % of the target's volume, and of the time
_TRUTH = "fields on 0.35 mm and heat on 0.7 mm by another solver"


@dataclass(frozen=True)
class _Confirmed:
    """Share of the target over the goal, and time [s], as planned and as found."""

    coverage: tuple[float, float]
    time: tuple[float, float]


@cache
def _confirmed() -> _Confirmed:
    data = read_case(bundled_case("liver"))
    plan = make_plan(data).plan
    device = transducer(plan.device)
    here = scene(data, device, anatomy(data, device.frequency), plan.pose, _FINE)
    shots = plan.sonications
    aims = [Aim.of(s) for s in shots]
    fields = solve_spots(data.medium(here.grids.field), device, plan.pose, aims, here.grids)
    powers = np.array([s.acoustic_power for s in shots])
    on_times = np.array([s.on_time for s in shots])
    whole = predict(here, fields.heat, powers, on_times, plan.organs)
    return _Confirmed(
        (plan.prediction.coverage, _covered(here, plan, fields)),
        (plan.prediction.treatment_time, whole.prediction.treatment_time),
    )


def _covered(here: Scene, plan: TreatmentPlan, fields: SpotFields) -> float:
    """Share of the target over the goal, in a box about it, with the plan's powers and pauses."""
    box, cut = about_target(here)
    own = TissueMap(box, np.ascontiguousarray(here.tissues.map.data[cut]), here.tissues.map.tissues)
    medium = Medium(own, here.tissues.tissues)
    held, gases = held_and_insulating(here, medium)
    solver = VaryingPennes(medium, tissue("blood"), Boundary.HELD_AT_START, held=held, insulating=gases)
    dose = ThermalDose(box)
    for shot, heat in zip(plan.sonications, fields.heat, strict=True):
        near = Field(box, np.ascontiguousarray(heat.data[cut]), heat.quantity)
        solver.advance(shot.on_time, near, shot.acoustic_power, dose)
        solver.advance(shot.cooling_time, dose=dose)
    reached = dose.field.data[here.target[cut]] >= plan.prescription.goal_cem43
    return float(reached.mean())


def _coverage() -> ValidationRow:
    planned, found = _confirmed().coverage
    return ValidationRow.of(
        "plan of the liver case: coverage", 100 * abs(planned - found), _LIMIT, "% of target", _TRUTH
    )


def _time() -> ValidationRow:
    planned, found = _confirmed().time
    return ValidationRow.of("plan of the liver case: time", 100 * abs(planned / found - 1), _LIMIT, "%", _TRUTH)


CASES: dict[str, Callable[[], ValidationRow]] = {"plan-coverage": _coverage, "plan-time": _time}
"""Every case by its name; about twelve minutes on one core, planning included."""

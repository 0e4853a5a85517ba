"""Power of every exposure, the pauses between them and their order: the optimiser's course as a plan's schedule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.model.history import TreatmentHistory
from openhifu.model.limits import OrganAtRisk
from openhifu.model.plan import Prediction, Relaxation
from openhifu.planning.certificate import certify
from openhifu.planning.fields import SpotFields
from openhifu.planning.optimise import optimise
from openhifu.planning.predict import Outlook, numbers
from openhifu.planning.scene import Scene
from openhifu.planning.scene_task import scene_task
from openhifu.planning.shots import Shot
from openhifu.planning.spots import Spot
from openhifu.planning.task import Optimised

STOPPED = (
    "planning was stopped by a person: this is the best plan so far; what would help: plan again and let it finish"
)


@dataclass(frozen=True, eq=False)
class Schedule:
    """Powers and pauses with what they are expected to do.

    Attributes:
        order: spots in order of delivery; all else is in that order.
        powers: W of each exposure.
        ceiling: W that titration may not exceed, of each exposure.
        rests: s after each exposure.
        peaks: degC each exposure is expected to reach.
        on_times: s of each exposure.
        organs: organs at risk with the resume temperatures that were settled on.
        outlook: the full treatment.
        certificate: limits that bind, and what a wider one would buy; empty where a person stopped the search.
        unmet: what could not be reached, in words.
    """

    order: tuple[int, ...]
    powers: NDArray[np.float64]
    ceiling: NDArray[np.float64]
    rests: NDArray[np.float64]
    peaks: NDArray[np.float64]
    on_times: NDArray[np.float64]
    organs: tuple[OrganAtRisk, ...]
    outlook: Outlook
    certificate: tuple[Relaxation, ...]
    unmet: tuple[str, ...]

    @property
    def prediction(self) -> Prediction:
        """The numbers of the full treatment."""
        return self.outlook.prediction

    def history(self, fields: SpotFields) -> TreatmentHistory:
        """Fields and curves of the full treatment; the plan's hash is filled in once there is a plan."""
        treatment, central = self.outlook.treatment, self.order.index(fields.central_index)
        return TreatmentHistory(
            title="planned",
            plan_hash="",
            pressure=fields.amplitude(float(self.powers[central])),
            pressure_of=central,
            peak_temperature=treatment.peak,
            cem43=treatment.dose.field,
            dose_form=self.outlook.dose_form,
            curves=treatment.curves,
        )


def find_schedule(
    here: Scene, fields: SpotFields, spots: tuple[Spot, ...], heated: tuple[Shot, ...], progress: Progress = silent
) -> Schedule:
    """Find order, powers and pauses of a scene's exposures. Ctrl-C leaves the best so far, and the schedule says so.

    Args:
        here: the scene.
        fields: of the exposures.
        spots: of the target.
        heated: which of them each exposure heats.
        progress: told how far it is.
    """
    allowed = _ceilings(here, fields)
    task = scene_task(here, fields.heat, spots, heated, allowed)
    found = optimise(task, progress)
    organs = tuple(_waited_for(organ, found) for organ in here.data.case.organs)
    solver, exposures = task.make_solver(), found.treatment.exposures
    prediction = numbers(here, found.treatment, organs)
    outlook = Outlook(found.treatment, prediction, solver.method, found.treatment.dose.form.value)
    return Schedule(
        order=found.order,
        powers=found.timetable.powers,
        ceiling=np.minimum(allowed[list(found.order)], found.timetable.powers * _most(here)),
        rests=np.array([e.rest for e in exposures]),
        peaks=np.array([e.peak for e in exposures]),
        on_times=found.timetable.on_times,
        organs=organs,
        outlook=outlook,
        certificate=() if found.stopped else certify(task, found, progress),
        unmet=(*((STOPPED,) if found.stopped else ()), *_held_up(outlook)),
    )


def _waited_for(organ: OrganAtRisk, found: Optimised) -> OrganAtRisk:
    """The organ with the resume temperature that was settled on."""
    if organ.name not in found.resume:
        return organ
    cooler = round(min(found.resume[organ.name], organ.limit.resume_below), 2)
    return organ.model_copy(update={"limit": organ.limit.model_copy(update={"resume_below": cooler})})


def _most(here: Scene) -> float:
    titration = here.data.case.prescription.titration
    return titration.highest_scale if titration else 1.0


def _ceilings(here: Scene, fields: SpotFields) -> NDArray[np.float64]:
    """Highest power [W] of each exposure that device and site allow; elements that are off radiate nothing."""
    device, site, wish = here.device.ceilings, here.data.case.site, here.data.case.prescription
    per_energy = min(device.spot_energy, site.spot_energy) / wish.on_time
    whole = np.full(len(fields.heat), min(device.acoustic_power, site.acoustic_power, per_energy))
    return np.minimum(whole, device.acoustic_power * np.asarray(fields.share_on))


def _held_up(outlook: Outlook) -> tuple[str, ...]:
    held = outlook.treatment.outcome
    return (f"{held.sentence}; what would help: {held.remedy}",) if held.remedy else ()

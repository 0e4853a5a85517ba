"""Power of every exposure and the pauses between them: a fixed point on the accumulated treatment.

Powers are tuned on a box around the target with the pauses of the last whole treatment; pauses follow from the whole
treatment, scouted on a coarse grid, in which each exposure waits for the organs at risk. Two or three rounds settle
both. Between rounds, an organ that comes near its limit gets a lower temperature to resume at. The treatment on the
heat grid itself then gives the numbers of the plan. (A true optimiser of order, power and pause
together will take this file's place behind the same function.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.progress import Progress, silent
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.history import TreatmentHistory
from openhifu.model.limits import OrganAtRisk
from openhifu.model.plan import Prediction
from openhifu.planning.fields import SpotFields
from openhifu.planning.local import LocalTreatment, local_treatment
from openhifu.planning.predict import Outlook, predict
from openhifu.planning.scene import Scene, block_mean, coarser
from openhifu.planning.spots import Spot

HEADROOM = 6.0
"""K kept between a planned peak and the prescribed highest one: tissue values are uncertain."""

DOSE_MARGIN = 2.0
"""Every cell aims at this multiple of the prescribed CEM43; a factor of two is one degree."""

SCOUTS = 3
"""Treatments at most on the coarse grid, from which pauses and resume temperatures are scouted."""

NEAR_LIMIT = 0.7
"""Share of an organ's CEM43 limit from which its resume temperature is lowered."""

COOLEST_RESUME = 38.5
"""degC; waiting for less would take forever beside warm tissue."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """Powers and pauses with what they are expected to do.

    Attributes:
        powers: W of each exposure.
        ceiling: W that titration may not exceed, of each exposure.
        rests: s after each exposure.
        peaks: degC each exposure is expected to reach.
        on_time: s of every exposure.
        organs: organs at risk with the resume temperatures that were settled on.
        outlook: the full treatment.
        unmet: what could not be reached, in words.
    """

    powers: NDArray[np.float64]
    ceiling: NDArray[np.float64]
    rests: NDArray[np.float64]
    peaks: NDArray[np.float64]
    on_time: float
    organs: tuple[OrganAtRisk, ...]
    outlook: Outlook
    unmet: tuple[str, ...]

    @property
    def prediction(self) -> Prediction:
        """The numbers of the full treatment."""
        return self.outlook.prediction

    def history(self, fields: SpotFields) -> TreatmentHistory:
        """Fields and curves of the full treatment; the plan's hash is filled in once there is a plan."""
        treatment, central = self.outlook.treatment, fields.central_index
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


def find_schedule(here: Scene, fields: SpotFields, spots: tuple[Spot, ...], progress: Progress = silent) -> Schedule:
    """Find powers and pauses for a scene's spots."""
    local = local_treatment(here, fields.heat, spots)
    ceiling = _ceilings(here, spots, fields)
    scout = coarser(here)
    scouted = [block_mean(h, scout.grids.heat) for h in fields.heat]
    organs = here.data.case.organs
    powers = np.minimum(local.powers_for_peak(_aim(here)), ceiling)
    rests = np.full(len(spots), max(here.data.case.prescription.cooling_time, 60.0))
    for round_ in range(SCOUTS):
        powers = _tuned(here, local, powers, rests, ceiling, steps=2 if round_ else 4)
        outlook = predict(scout, scouted, powers, organs, None, _named(progress, f"pauses, round {round_ + 1}"))
        organs, before = _cooler(organs, outlook), organs
        rests = np.array([e.rest for e in outlook.treatment.exposures])
        if organs == before and round_ > 0:
            break
    powers = _tuned(here, local, powers, rests, ceiling, steps=2)
    outlook = predict(here, fields.heat, powers, organs, None, _named(progress, "whole treatment"))
    if _cooler(organs, outlook, share=1.0) != organs and here.device.elements > 1:
        organs = _cooler(organs, outlook)
        outlook = predict(here, fields.heat, powers, organs, None, _named(progress, "whole treatment, cooler organs"))
    results = outlook.treatment.exposures
    return Schedule(
        powers=powers,
        ceiling=np.minimum(ceiling, powers * _most(here)),
        rests=np.array([e.rest for e in results]),
        peaks=np.array([e.peak for e in results]),
        on_time=here.data.case.prescription.on_time,
        organs=organs,
        outlook=outlook,
        unmet=_held_up(outlook),
    )


def _named(progress: Progress, name: str) -> Progress:
    return lambda stage, fraction: progress(name, fraction)


def _aim(here: Scene) -> float:
    """Highest planned peak [degC]."""
    case = here.data.case
    return min(case.prescription.peak_high, case.site.peak_temperature) - HEADROOM


def _most(here: Scene) -> float:
    titration = here.data.case.prescription.titration
    return titration.highest_scale if titration else 1.0


def _ceilings(here: Scene, spots: tuple[Spot, ...], fields: SpotFields) -> NDArray[np.float64]:
    """Highest power [W] of each exposure that device and site allow; elements that are off radiate nothing."""
    device, site, wish = here.device.ceilings, here.data.case.site, here.data.case.prescription
    per_energy = min(device.spot_energy, site.spot_energy) / wish.on_time
    whole = np.full(len(spots), min(device.acoustic_power, site.acoustic_power, per_energy))
    return np.minimum(whole, device.acoustic_power * np.asarray(fields.share_on))


def _tuned(
    here: Scene,
    local: LocalTreatment,
    powers: NDArray[np.float64],
    rests: NDArray[np.float64],
    ceiling: NDArray[np.float64],
    steps: int,
) -> NDArray[np.float64]:
    """Powers at which every cell just reaches its dose and no peak passes the highest planned one.

    A cell short of dose by a factor f lacks log2(f) degrees near 50 degC, where its edge is about 13 K above the body;
    its power rises by that share, damped. Peaks are linear in the power.
    """
    goal = DOSE_MARGIN * here.data.case.prescription.goal_cem43
    for _ in range(steps):
        reached = local.run(powers, rests)
        lacking = np.log2(goal / np.maximum(reached.cell_dose, 1e-6))
        wanted = powers * (1 + np.clip(0.7 * lacking / 13.0, -0.08, 0.10))
        highest = powers * (_aim(here) - BODY_TEMPERATURE_C) / np.maximum(reached.peaks - BODY_TEMPERATURE_C, 1e-3)
        powers = np.minimum(np.minimum(wanted, highest), ceiling)
    return powers


def _cooler(organs: tuple[OrganAtRisk, ...], outlook: Outlook, share: float = NEAR_LIMIT) -> tuple[OrganAtRisk, ...]:
    """Organs over a share of their limit resume at a lower temperature: one degree for every doubling over it."""
    found = {o.organ: o.cem43_max for o in outlook.prediction.organs}
    changed = []
    for organ in organs:
        over = found[organ.name] / (share * organ.limit.cem43_max)
        if over > 1:
            lower = max(COOLEST_RESUME, organ.limit.resume_below - min(1.5, max(0.25, float(np.log2(over)))))
            limit = organ.limit.model_copy(update={"resume_below": round(lower, 2)})
            organ = organ.model_copy(update={"limit": limit})
        changed.append(organ)
    return tuple(changed)


def _held_up(outlook: Outlook) -> tuple[str, ...]:
    held = outlook.treatment.outcome
    return (f"{held.sentence}; what would help: {held.remedy}",) if held.remedy else ()

"""Power of every exposure and the pauses between them: a fixed point on the accumulated treatment.

Powers are tuned on a box around the target with the pauses of the last whole treatment; pauses follow from the whole
treatment, scouted on a coarse grid, in which each exposure waits for the organs at risk. Two or three rounds settle
both. Between rounds, an organ that comes near its limit gets a lower temperature to resume at. The treatment on the
heat grid itself then gives the numbers of the plan. (A true optimiser of order, power and pause
together will take this file's place behind the same function.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
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

HEADROOM = 8.0
"""K kept between a planned peak and the prescribed highest one: tissue values are uncertain."""

DOSE_MARGIN = 2.0
"""Every cell aims at this multiple of the prescribed CEM43; a factor of two is one degree."""

SCOUTS = 3
"""Treatments at most on the coarse grid, from which pauses and resume temperatures are scouted."""

MOST_CUT = 0.25
"""Largest share of an exposure's power that is given up for an organ in one round."""

CUT_NOTED = 0.02
"""Cuts smaller than this share are not worth making."""

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
    rests = np.full(len(spots), max(here.data.case.prescription.cooling_time, 60.0))
    draft = _Draft(np.minimum(local.powers_for_peak(_aim(here)), ceiling), rests, ceiling, here.data.case.organs)
    scout = coarser(here)
    scouted = [block_mean(h, scout.grids.heat) for h in fields.heat]
    for round_ in range(SCOUTS):
        draft = _tuned(here, local, draft, steps=2 if round_ else 4)
        outlook = predict(scout, scouted, draft.powers, draft.organs, _named(progress, f"pauses, round {round_ + 1}"))
        if round_ > 0 and not _over(draft.organs, outlook, NEAR_LIMIT):
            break
        draft = _gentler(scout, scouted, draft, outlook)
    draft = _tuned(here, local, draft, steps=2)
    outlook = predict(here, fields.heat, draft.powers, draft.organs, _named(progress, "whole treatment"))
    if here.device.elements > 1 and _over(draft.organs, outlook, 1.0):
        draft = _tuned(here, local, _gentler(here, fields.heat, draft, outlook), steps=2)
        outlook = predict(here, fields.heat, draft.powers, draft.organs, _named(progress, "whole treatment, gentler"))
    results = outlook.treatment.exposures
    return Schedule(
        powers=draft.powers,
        ceiling=np.minimum(ceiling, draft.powers * _most(here)),
        rests=np.array([e.rest for e in results]),
        peaks=np.array([e.peak for e in results]),
        on_time=here.data.case.prescription.on_time,
        organs=draft.organs,
        outlook=outlook,
        unmet=_held_up(outlook),
    )


@dataclass(frozen=True, eq=False)
class _Draft:
    """A schedule in the making: W and s of each exposure, W it may not exceed, resume temperatures."""

    powers: NDArray[np.float64]
    rests: NDArray[np.float64]
    cap: NDArray[np.float64]
    organs: tuple[OrganAtRisk, ...]


def _gentler(here: Scene, heat: Sequence[Field], draft: _Draft, outlook: Outlook) -> _Draft:
    """The draft with the pauses an outlook took, lower resume temperatures and lower powers where organs ask for it."""
    rests = np.array([e.rest for e in outlook.treatment.exposures])
    cap = _spared(here, heat, draft, outlook)
    return replace(draft, rests=rests, cap=cap, organs=_cooler(draft.organs, outlook))


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


def _tuned(here: Scene, local: LocalTreatment, draft: _Draft, steps: int) -> _Draft:
    """Powers at which every cell just reaches its dose and no peak passes the highest planned one.

    A cell short of dose by a factor f lacks log2(f) degrees near 50 degC, where its edge is about 13 K above the body;
    its power rises by that share, damped. Peaks are linear in the power.
    """
    goal = DOSE_MARGIN * here.data.case.prescription.goal_cem43
    powers = np.minimum(draft.powers, draft.cap)
    for _ in range(steps):
        reached = local.run(powers, draft.rests)
        lacking = np.log2(goal / np.maximum(reached.cell_dose, 1e-6))
        wanted = powers * (1 + np.clip(0.7 * lacking / 13.0, -0.08, 0.10))
        highest = powers * (_aim(here) - BODY_TEMPERATURE_C) / np.maximum(reached.peaks - BODY_TEMPERATURE_C, 1e-3)
        powers = np.minimum(np.minimum(wanted, highest), draft.cap)
    return replace(draft, powers=powers)


def _over(organs: tuple[OrganAtRisk, ...], outlook: Outlook, share: float) -> dict[str, float]:
    """Organs over a share of their CEM43 limit, with the factor by which they are."""
    found = {o.organ: o.cem43_max for o in outlook.prediction.organs}
    factors = {o.name: found[o.name] / (share * o.limit.cem43_max) for o in organs}
    return {name: factor for name, factor in factors.items() if factor > 1}


def _cooler(organs: tuple[OrganAtRisk, ...], outlook: Outlook) -> tuple[OrganAtRisk, ...]:
    """Organs near their limit resume at a lower temperature: up to a degree, as every degree halves the dose."""
    over = _over(organs, outlook, NEAR_LIMIT)
    return tuple(_resuming_below(o, over[o.name]) if o.name in over else o for o in organs)


def _resuming_below(organ: OrganAtRisk, factor: float) -> OrganAtRisk:
    lower = max(COOLEST_RESUME, organ.limit.resume_below - min(1.0, max(0.25, float(np.log2(factor)))))
    return organ.model_copy(update={"limit": organ.limit.model_copy(update={"resume_below": round(lower, 2)})})


def _spared(here: Scene, heat: Sequence[Field], draft: _Draft, outlook: Outlook) -> NDArray[np.float64]:
    """Lower power ceilings for the exposures that heat an organ's worst voxel most, where pauses alone cannot help.

    What is wanted off the peak is log2 of the excess dose in degrees, less the degree that cooler resuming gives; an
    exposure's share of it is its share of the strongest heating of that voxel.
    """
    lowered = draft.cap.copy()
    dose, peak = outlook.treatment.dose.field.data, outlook.treatment.peak.data
    over = _over(draft.organs, outlook, NEAR_LIMIT)
    for organ in draft.organs:
        excess = float(np.log2(over.get(organ.name, 1.0))) - 1.0
        if excess <= 0:
            continue
        worst = np.unravel_index(int(np.argmax(np.where(here.organs[organ.name], dose, -1.0))), dose.shape)
        rise = max(1.0, float(peak[worst]) - organ.limit.resume_below)
        given = np.array([float(h.data[worst]) for h in heat]) * draft.powers
        cut = min(MOST_CUT, excess / rise) * given / max(float(given.max()), 1e-9)
        lowered = np.minimum(lowered, np.where(cut > CUT_NOTED, draft.powers * (1 - cut), lowered))
    return lowered


def _held_up(outlook: Outlook) -> tuple[str, ...]:
    held = outlook.treatment.outcome
    return (f"{held.sentence}; what would help: {held.remedy}",) if held.remedy else ()

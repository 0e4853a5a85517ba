"""One scenario in figures: the pure function that a loop, a process pool or a cluster maps over scenarios."""

from __future__ import annotations

import numpy as np

from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.plan import TreatmentPlan
from openhifu.model.robustness import OrganOutcome, ScenarioOutcome
from openhifu.planning.robust.basis import Basis
from openhifu.planning.robust.delivery import deliver
from openhifu.planning.robust.scenario import Scenario
from openhifu.planning.robust.transfer import transferred

_WARM = 0.5
"""K of nominal rise from which an organ's figures on the coarse grid are held against the plan's own."""

_MOST = (0.5, 2.0)
"""Factors on a rise that the coarse grid may be corrected by; more would be no correction any more."""


def run_scenario(basis: Basis, scenario: Scenario, threads: int = 1) -> ScenarioOutcome:
    """Deliver a plan in one scenario; same arguments, same outcome, bit for bit on one machine.

    Args:
        basis: of the plan, ``prepare``.
        scenario: what was drawn, ``draw`` or ``nominal``.
        threads: fields at a time.

    Returns:
        Its figures, those of organs as the coarse grid gives them.
    """
    done = deliver(basis, transferred(basis, scenario, threads))
    dose, peak = done.far.dose.field.data, done.far.peak.data
    organs = []
    for organ in basis.plan.organs:
        mask = basis.coarse.organs.get(organ.name)
        hot, worst = (BODY_TEMPERATURE_C, 0.0) if mask is None else (float(peak[mask].max()), float(dose[mask].max()))
        organs.append(OrganOutcome(organ=organ.name, peak_temperature=hot, cem43_max=worst))
    return ScenarioOutcome(
        number=scenario.number,
        seed=scenario.seed,
        coverage=done.near.coverage,
        peak_temperature=done.near.peak,
        treatment_time=float(done.far.total_time),
        energy=float(done.far.energy),
        scale=done.near.scale,
        organs=tuple(organs),
        inputs=tuple(value for _, _, value in scenario.inputs),
        target_curve=done.near.curve,
    )


def corrected(outcome: ScenarioOutcome, nominal: ScenarioOutcome, plan: TreatmentPlan) -> ScenarioOutcome:
    """An outcome with its organs' figures moved from the coarse grid to the plan's.

    The plan knows each organ's nominal rise and dose on its own grid. A rise is multiplied by the ratio of the two
    nominal ones; the logarithm of a dose is shifted by the nominal difference, in proportion to the rise.

    Args:
        outcome: of a scenario, from ``run_scenario``.
        nominal: of the nominal one, likewise.
        plan: with its own prediction.
    """
    organs = []
    for own, base in zip(outcome.organs, nominal.organs, strict=True):
        fine = next((o for o in plan.prediction.organs if o.organ == own.organ), None)
        rise, usual = own.peak_temperature - BODY_TEMPERATURE_C, base.peak_temperature - BODY_TEMPERATURE_C
        if fine is None or usual < _WARM or min(fine.cem43_max, base.cem43_max) <= 0:
            organs.append(own)
            continue
        factor = float(np.clip((fine.peak_temperature - BODY_TEMPERATURE_C) / usual, *_MOST))
        octaves = float(np.log2(fine.cem43_max / base.cem43_max)) * rise / usual
        organs.append(
            OrganOutcome(
                organ=own.organ,
                peak_temperature=BODY_TEMPERATURE_C + factor * rise,
                cem43_max=own.cem43_max * 2.0**octaves,
            )
        )
    return outcome.model_copy(update={"organs": tuple(organs)})

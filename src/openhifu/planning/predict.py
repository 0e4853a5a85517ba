"""What a schedule of exposures does to the patient of the plan: one temperature history of the whole treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.delivery.measured_dose import cem43
from openhifu.model.catalogue import tissue
from openhifu.model.history import Curves
from openhifu.model.limits import OrganAtRisk
from openhifu.model.medium import Medium
from openhifu.model.plan import OrganPrediction, Prediction
from openhifu.planning.anatomy import GASES
from openhifu.planning.scene import TARGET_NAME, Scene
from openhifu.thermal.boundary import Boundary, HeldTemperature
from openhifu.thermal.dose import ThermalDose
from openhifu.thermal.pennes import Pennes
from openhifu.thermal.probe import Probe
from openhifu.thermal.treatment import Exposure, RestRule, Treatment, Watch, run_treatment

LONGEST_REST = 900.0
"""s; a plan never counts on a longer pause, it says which organ would need one."""

LOOK = 2.5
"""s between looks at the organs."""

SPREAD = 4e-3
"""m that heat diffuses within a minute: sqrt(4 D t) is 6 mm, its front 4."""

ZONE = 3
"""Heat voxels by which the target is widened to find the peak of an exposure near its edge."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """A predicted treatment.

    Attributes:
        treatment: curves, peak, dose, exposures.
        prediction: its numbers.
        method: the heat model in words.
        dose_form: name of the CEM43 form.
    """

    treatment: Treatment
    prediction: Prediction
    method: str
    dose_form: str


def heat_solver(here: Scene, tissues: Medium) -> Pennes:
    """The heat model of a scene: coupling water held at its temperature, gas insulating, faces at body temperature.

    Args:
        here: the scene.
        tissues: the plan's tissues on the heat grid, or a simulated patient's.
    """
    held, gases = held_and_insulating(here, tissues)
    return Pennes(tissues, tissue("blood"), Boundary.HELD_AT_START, held=held, insulating=gases, track_peak=True)


def held_and_insulating(here: Scene, tissues: Medium) -> tuple[tuple[HeldTemperature, ...], tuple[str, ...]]:
    """Coupling water at its temperature, and the gases among some tissues of a scene."""
    case = here.data.case
    water = HeldTemperature(case.background, case.prescription.water_temperature)
    return (water,), tuple(t for t in GASES if t in tissues.map.tissues)


def target_zone(here: Scene) -> np.ndarray:
    """The target widened by a few voxels, where the peak of an exposure is looked for."""
    from scipy.ndimage import binary_dilation

    return binary_dilation(here.target, iterations=ZONE)


def watched_part(mask: NDArray[np.bool_], heat: Sequence[Field]) -> NDArray[np.bool_]:
    """The part of an organ that may become its hottest: where the exposures together heat it at all strongly.

    Voxels that get at least a twentieth of the organ's strongest heating, widened by what diffuses in minutes.
    Following only these keeps the reading of temperatures cheap; doses are taken over the whole organ.
    """
    from scipy.ndimage import binary_dilation

    together = np.zeros(mask.shape, np.float32)
    for field in heat:
        together += field.data
    strongest = float(together[mask].max())
    if strongest <= 0:
        return mask
    steps = max(1, round(SPREAD / heat[0].grid.spacing[0]))
    near = binary_dilation(mask & (together >= 0.05 * strongest), iterations=steps)
    return np.logical_and(mask, near)


def predict(
    here: Scene,
    heat: Sequence[Field],
    powers: np.ndarray,
    on_times: np.ndarray,
    organs: tuple[OrganAtRisk, ...],
    progress: Progress = silent,
) -> Outlook:
    """Run a whole treatment on the plan's patient.

    Args:
        here: the scene.
        heat: W/m3 per watt of each exposure.
        powers: W of each exposure.
        on_times: s of each exposure.
        organs: organs at risk with their resume temperatures.
        progress: told how far it is.
    """
    wish = here.data.case.prescription
    solver = heat_solver(here, here.tissues)
    watches = tuple(
        Watch(Probe(o.name, here.grids.heat, watched_part(here.organs[o.name], heat)), o.limit.resume_below)
        for o in organs
        if o.name in here.organs
    )
    looks = solver.stable_step * max(1, round(LOOK / solver.stable_step))
    rule = RestRule(min(wish.cooling_time, LONGEST_REST), LONGEST_REST, watches, looks)
    exposures = [Exposure(h, float(p), float(on)) for h, p, on in zip(heat, powers, on_times, strict=True)]
    target = Probe(TARGET_NAME, here.grids.heat, target_zone(here))
    dose = ThermalDose(here.grids.heat)
    treatment = run_treatment(solver, exposures, rule, target, dose, wish.pre_cooling, progress)
    return Outlook(treatment, numbers(here, treatment, organs), solver.method, dose.form.value)


def numbers(here: Scene, treatment: Treatment, organs: tuple[OrganAtRisk, ...]) -> Prediction:
    """Volumes, temperatures, doses and time of a predicted treatment."""
    readings = {name: _reading_dose(treatment.curves, name) for name in treatment.curves.hottest}
    dose, time, energy = treatment.dose.field, treatment.total_time, treatment.energy
    return came_to(here, organs, dose, treatment.peak, time, energy, readings)


def came_to(
    here: Scene,
    organs: tuple[OrganAtRisk, ...],
    cem43_field: Field,
    hottest: Field,
    total_time: float,
    energy: float,
    readings: Mapping[str, float] | None = None,
) -> Prediction:
    """Volumes, temperatures, doses and time of a treatment, expected or delivered.

    Args:
        here: the scene.
        organs: at risk.
        cem43_field: thermal dose [min] on the heat grid.
        hottest: highest temperature of each voxel [degC].
        total_time: s.
        energy: J acoustic.
        readings: CEM43 [min] added up from the hottest reading of each organ that was followed.
    """
    voxel = here.grids.heat.voxel_volume
    dose, peak = cem43_field.data, hottest.data
    ablated = dose >= here.data.case.prescription.goal_cem43
    return Prediction(
        target_volume=float(here.target.sum()) * voxel,
        ablated_target_volume=float((ablated & here.target).sum()) * voxel,
        ablated_volume=float(ablated.sum()) * voxel,
        peak_temperature=float(peak.max()),
        treatment_time=float(total_time),
        energy=float(energy),
        organs=tuple(_organ(here, o, dose, peak, (readings or {}).get(o.name)) for o in organs),
    )


def _reading_dose(curves: Curves, name: str) -> float:
    points = zip(curves.time[1:] - curves.time[0], curves.hottest[name][1:], strict=True)
    return cem43([(float(t), float(value)) for t, value in points])


def _organ(
    here: Scene, organ: OrganAtRisk, dose: np.ndarray, peak: np.ndarray, reading: float | None
) -> OrganPrediction:
    mask = here.organs.get(organ.name)
    if mask is None:  # not within the heated region at all
        return OrganPrediction(organ=organ.name, peak_temperature=37.0, cem43_max=0.0, volume_over_limit=0.0)
    over = float((dose[mask] > organ.limit.cem43_max).sum()) * here.grids.heat.voxel_volume
    return OrganPrediction(
        organ=organ.name,
        peak_temperature=float(peak[mask].max()),
        cem43_max=float(dose[mask].max()),
        volume_over_limit=over,
        reading_cem43=reading,
    )

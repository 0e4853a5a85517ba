"""Drives of an array held against one another in one patient: at the focus, in bone, and in heat and dose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve
from openhifu.acoustics.source import element_velocities
from openhifu.base.errors import CannotModel
from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.base.units import BODY_TEMPERATURE_C
from openhifu.model.drive import Drive
from openhifu.planning.arrays.aberration import Correction, corrected_with
from openhifu.planning.arrays.setting import ArraySetting
from openhifu.planning.arrays.sparing import BoneView, Spared, at_pressure, curve
from openhifu.planning.predict import predict
from openhifu.planning.shadow import elements_off

THRIFTS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Between bone spared at much power and power spared at much bone."""

SHADES = (0.6, 0.3, 0.1)
"""Shares of an element's rays in shadow above which it is switched off, for the geometric way."""


@dataclass(frozen=True, eq=False)
class BoneTrial:
    """Ways to one focal pressure.

    Attributes:
        pressure: |P| at the focus that all of them make [Pa].
        plain: every element on, geometric phases.
        corrected: every element on, phases of time reversal.
        switched: elements off by their shadow, phases of time reversal, for each share of ``SHADES`` that leaves some.
        weighted: amplitudes and phases of least highest bone heating, for each of ``THRIFTS``.
    """

    pressure: float
    plain: Spared
    corrected: Spared
    switched: tuple[Spared, ...]
    weighted: tuple[Spared, ...]

    @property
    def best(self) -> Spared:
        """The weighted drive of lowest highest bone heating that needs no more power than every element on."""
        fair = [w for w in self.weighted if w.power <= self.plain.power]
        return min(fair or self.weighted, key=lambda w: w.highest)


def wall_correction(here: ArraySetting, view: BoneView) -> Correction:
    """Phases of time reversal for every element on, against geometric ones."""
    return corrected_with(here.problem().drive, view.focus, here.fluid)


def bone_trial(here: ArraySetting, view: BoneView, pressure: float = 1e6) -> BoneTrial:
    """All ways to a focal pressure [Pa]; every figure of them goes with its square."""

    def scaled(drive: Drive, title: str) -> Spared:
        return at_pressure(view, element_velocities(drive, here.fluid), pressure, title)

    switched = []
    ways = dict.fromkeys(elements_off(here.view, here.device, here.pose, shade) for shade in SHADES)
    for off in ways:
        if len(off) < here.device.elements:
            drive = corrected_with(here.problem(off=off).drive, view.focus, here.fluid).drive
            switched.append(scaled(drive, f"{len(off)} elements off, corrected"))
    return BoneTrial(
        pressure=pressure,
        plain=scaled(here.problem().drive, "all on, geometric phases"),
        corrected=scaled(wall_correction(here, view).drive, "all on, corrected"),
        switched=tuple(switched),
        weighted=curve(view, pressure, THRIFTS),
    )


@dataclass(frozen=True, eq=False)
class Heating:
    """What one exposure of a drive does.

    Attributes:
        title: of the drive.
        power: acoustic [W].
        focal_peak: highest temperature in the target [degC].
        bone_peak: of the bone and cartilage before the focus [degC].
        bone_dose: highest CEM43 there [min].
    """

    title: str
    power: float
    focal_peak: float
    bone_peak: float
    bone_dose: float


def heated(
    here: ArraySetting, drives: Sequence[Spared], pressure: float, peak: float, progress: Progress = silent
) -> tuple[Heating, ...]:
    """One exposure of the case's on-time with each drive, all at the focal pressure at which the first reaches a peak.

    Args:
        here: the setting.
        drives: made at ``pressure``.
        pressure: |P| at the focus [Pa].
        peak: temperature that the first drive is to reach in the target [degC].
        progress: told after each.

    Raises:
        CannotModel: if the case has no bone among its organs at risk, or the first drive does not warm the target.
    """
    scene = here.scene()
    bones = tuple(o for o in here.data.case.organs if o.name in ("ribs", "cartilage") and o.name in scene.organs)
    if not bones:
        raise CannotModel(
            "the dose of bone is followed in the case's organs 'ribs' and 'cartilage', and it has neither in the beam; "
            "name them among its organs at risk, or ask for no exposures (--no-dose)"
        )
    fields = [_heat(here, one) for one in drives]
    on_times = np.array([here.data.case.prescription.on_time])
    first = predict(scene, [fields[0]], np.array([drives[0].power]), on_times, bones)
    rise = float(first.treatment.peak.data[scene.target].max()) - BODY_TEMPERATURE_C
    factor = (peak - BODY_TEMPERATURE_C) / rise
    if not np.isfinite(factor) or factor <= 0:
        raise CannotModel(f"{drives[0].title} does not warm the target at {pressure:.3g} Pa; ask for more")
    bone = np.any([scene.organs[o.name] for o in bones], axis=0)
    found = []
    for n, (one, field) in enumerate(zip(drives, fields, strict=True), 1):
        power = one.power * factor
        treatment = predict(scene, [field], np.array([power]), on_times, bones).treatment
        found.append(_heating(one.title, power, treatment.peak, treatment.dose.field, scene.target, bone))
        progress("exposures", n / len(drives))
    return tuple(found)


def _heat(here: ArraySetting, one: Spared) -> Field:
    """Heat rate per acoustic watt."""
    drive = one.drive(here.device, here.pose).model_copy(update={"acoustic_power": 1.0})
    problem = AcousticProblem(drive, here.medium)
    heat = solve(problem, Recording(heat_grid=here.grids.heat), "marching").heat_rate
    if heat is None:
        raise CannotModel("the march kept no heat")
    return heat


def _heating(
    title: str, power: float, peak: Field, dose: Field, target: NDArray[np.bool_], bone: NDArray[np.bool_]
) -> Heating:
    return Heating(
        title, power, float(peak.data[target].max()), float(peak.data[bone].max()), float(dose.data[bone].max())
    )

"""An array set before a case, corrected and made to spare bone; the drives and pictures of it as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve
from openhifu.base.errors import CannotModel, Infeasible
from openhifu.base.files import write_whole
from openhifu.base.picture import Curve, Panel, Picture
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.model.drive import Drive
from openhifu.model.pose import Pose
from openhifu.planning.anatomy import anatomy
from openhifu.planning.arrays.aberration import Correction, corrected
from openhifu.planning.arrays.ring import Ring, ring
from openhifu.planning.arrays.setting import ArraySetting, setting
from openhifu.planning.arrays.sparing import Spared
from openhifu.planning.arrays.trial import BoneTrial, Heating, bone_trial, heated
from openhifu.planning.ranking import choose_pose
from openhifu.planning.scene import target_centre, target_half_size
from openhifu.reporting.figures.claims import claim_png


@dataclass(frozen=True, eq=False)
class Steered:
    """What was found.

    Attributes:
        here: array, patient, pose.
        correction: through all of the tissue, every element on.
        soft: the same with bone, cartilage and gas taken for muscle.
        trial: ways to spare bone; None where there is no bone before the focus.
        heatings: one exposure of some of the ways; the first is every element on with geometric phases.
        ring: several foci at once; None where none were asked for.
    """

    here: ArraySetting
    correction: Correction
    soft: Correction
    trial: BoneTrial | None
    heatings: tuple[Heating, ...]
    ring: Ring | None = None


def steered(
    data: CaseData,
    direction: Vector | None,
    peak: float | None,
    progress: Progress = silent,
    foci: int = 0,
    radius: float = 0.0,
) -> Steered:
    """Set the case's array on its target, correct it, and look for ways to spare bone.

    Args:
        data: the case.
        direction: from the focus towards the array; None for the planner's choice.
        peak: degC of the target in an exposure of each way; None for no exposures.
        progress: told how far it is.
        foci: made at once on a ring about the target; 0 for none.
        radius: of that ring [m].

    Raises:
        CannotModel: if the device has one element.
        Infeasible: if it does not reach the target.
    """
    device, centre = transducer(data.case.device), target_centre(data)
    if direction is None:
        view = anatomy(data, device.frequency)
        pose = choose_pose(data, device, view, centre, target_half_size(data), progress=progress).pose
    else:
        pose = Pose(focus=centre, direction=direction)
    several = ring(setting(data, device, pose, radius), foci, radius) if foci else None
    here = setting(data, device, pose)
    correction = corrected(here.problem(), centre, here.fluid)
    soft = corrected(here.without_bone_and_gas().problem(), centre, here.fluid)
    try:
        view = here.bone_view(progress)
    except Infeasible:
        return Steered(here, correction, soft, None, (), several)
    trial = bone_trial(here, view)
    if peak is None:
        return Steered(here, correction, soft, trial, (), several)
    ways = (trial.plain, trial.corrected, *trial.switched[-1:], trial.best)
    return Steered(here, correction, soft, trial, heated(here, ways, trial.pressure, peak, progress), several)


def report_steering(found: Steered, folder: Path) -> list[Path]:
    """Write drives and pictures; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    here = found.here
    files = {
        "corrected.json": found.correction.drive.to_document().encode(),
        "focus.png": claim_png(f"{here.device.name}: focus through the wall, 1 W", _across(found)),
    }
    if found.trial is not None:
        files["sparing.json"] = found.trial.best.drive(here.device, here.pose).to_document().encode()
        files["bone.png"] = claim_png(f"{here.device.name}: bone at equal focal pressure", _bone(found.trial))
    if found.ring is not None:
        files["foci.json"] = found.ring.made.drive.to_document().encode()
        files["foci.png"] = claim_png(
            f"{here.device.name}: {len(found.ring.points)} foci at once, 1 W", _plane(found.ring)
        )
    for name, content in files.items():
        write_whole(folder / name, content)
    return [folder / name for name in files]


def _plane(several: Ring) -> Picture:
    """|P| across the beam through the foci."""
    edge = 1e3 * several.reach
    panel = Panel("|P| in the plane of the foci", 1e-6 * several.plane.T, (-edge, edge, -edge, edge), "MPa")
    return Picture("x [mm]", "y [mm]", panels=(panel,))


def _across(found: Steered) -> Picture:
    """|P| across the focus before and after, along the beam's x."""
    here = found.here
    curves = []
    for label, drive in (
        ("geometric phases", here.problem().drive),
        ("corrected", found.correction.drive),
    ):
        x, line = _line(here, drive)
        curves.append(Curve.of(label, 1e3 * x, 1e-6 * line))
    return Picture("across the beam from the target [mm]", "|P| [MPa]", tuple(curves))


def _line(here: ArraySetting, drive: Drive) -> tuple[np.ndarray, np.ndarray]:
    problem = AcousticProblem(drive, here.medium)
    pressure = solve(problem, Recording(pressure=True, heat=False), "marching").pressure
    if pressure is None:
        raise CannotModel("the march kept no pressure")
    i, j, k = pressure.grid.voxel(here.pose.focus)
    reach = min(i, round(8e-3 / pressure.grid.spacing[0]))
    x = pressure.grid.spacing[0] * np.arange(-reach, reach + 1)
    return x, np.abs(pressure.data[i - reach : i + reach + 1, j, k])


def _bone(trial: BoneTrial) -> Picture:
    """Highest heat rate in bone against acoustic power, all relative to every element on with geometric phases."""

    def points(ways: Sequence[Spared]) -> tuple[list[float], list[float]]:
        ordered = sorted(ways, key=lambda w: w.power)
        return [w.power / trial.plain.power for w in ordered], [w.highest / trial.plain.highest for w in ordered]

    curves = [Curve.of("weighted, by thrift", *points(trial.weighted))]
    if trial.switched:
        curves.append(Curve.of("elements in shadow off, corrected", *points(trial.switched), points=True))
    curves.append(Curve.of("all on, corrected", *points([trial.corrected]), points=True))
    curves.append(Curve.of("all on, geometric", *points([trial.plain]), points=True))
    return Picture(
        "acoustic power for the same focal pressure / all on", "highest heat rate in bone / all on", tuple(curves)
    )

"""What all scenarios of a plan share: its scene, and the nominal heat of every exposure, solved once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.source_planes import SourcePlanes
from openhifu.base.errors import CannotModel
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.model.medium import Medium
from openhifu.model.plan import TreatmentPlan
from openhifu.planning.aim import Aim, Beam
from openhifu.planning.anatomy import anatomy
from openhifu.planning.fields import grouped_means
from openhifu.planning.narrow import problem, solve_beams
from openhifu.planning.scene import Scene, block_mean, coarser, scene
from openhifu.planning.scene_task import about_target

ANCHORS = 3
"""Exposures whose field is solved anew in every scenario; the others follow their nearest one."""

_BATCH = 8  # fields held whole at a time


@dataclass(frozen=True, eq=False)
class Basis:
    """A plan ready to be delivered to many possible patients.

    Attributes:
        plan: the plan.
        here: its scene; heat voxels of 1 mm.
        coarse: the same with heat voxels of 2 mm, on which organs are followed.
        medium: tissues on the field's grid.
        box: grid about the target, part of the scene's heat grid, on which the target is followed.
        cut: where the box lies in the heat grid.
        near: W/m3 per watt of every exposure in the box, shape (exposures, a, b, c).
        splines: cubic spline coefficients of ``near``, by which it is moved.
        far: the same on the coarse grid.
        anchors: exposures that are solved anew.
        follows: of every exposure, the place in ``anchors`` of the one it follows.
        source: planes of the source as it is driven in the anchors.
    """

    plan: TreatmentPlan
    here: Scene
    coarse: Scene
    medium: Medium
    box: Grid
    cut: tuple[slice, ...]
    near: NDArray[np.float32]
    splines: NDArray[np.float32]
    far: NDArray[np.float32]
    anchors: tuple[int, ...]
    follows: tuple[int, ...]
    source: SourcePlanes


def prepare(data: CaseData, plan: TreatmentPlan, threads: int = 2, progress: Progress = silent) -> Basis:
    """Solve the nominal field of every exposure and keep what scenarios need of it.

    Args:
        data: the plan's case.
        plan: the plan.
        threads: fields at a time.
        progress: told how far it is.

    Raises:
        Infeasible, GeometryError, MissingProperty: as planning does.
    """
    device = transducer(plan.device)
    here = scene(data, device, anatomy(data, device.frequency), plan.pose)
    coarse = coarser(here)
    medium = data.medium(here.grids.field)
    box, cut = about_target(here)
    shots = range(len(plan.sonications))
    near = np.empty((len(shots), *box.shape), np.float32)
    far = np.empty((len(shots), *coarse.grids.heat.shape), np.float32)
    for first in range(0, len(shots), _BATCH):
        batch = shots[first : first + _BATCH]
        for n, field in zip(batch, heats(plan, here, medium, batch, (0.0, 0.0, 0.0), threads), strict=True):
            near[n] = field.data[cut]
            far[n] = block_mean(field, coarse.grids.heat).data
        progress("nominal fields", min(1.0, (first + _BATCH) / len(shots)))
    foci = np.array([s.focus for s in plan.sonications])
    anchors = _spread(foci, np.asarray(plan.pose.focus))
    follows = np.argmin(np.linalg.norm(foci[:, None] - foci[list(anchors)][None], axis=2), axis=1)
    splines = np.stack([np.asarray(spline_filter(n, order=3, mode="mirror"), np.float32) for n in near])
    problems = [p for n in anchors for p in _problems(plan, here, medium, n, (0.0, 0.0, 0.0))]
    source = Marching().prepare(problems)[0].source.of_patterns([p.drive for p in problems])
    own = tuple(int(n) for n in follows)
    return Basis(plan, here, coarse, medium, box, cut, near, splines, far, anchors, own, source)


def heats(
    plan: TreatmentPlan, here: Scene, medium: Medium, shots: Sequence[int], offset: Vector, threads: int
) -> list[Field]:
    """Heat per acoustic watt [W/m3] of some exposures on the scene's heat grid, the source moved by ``offset`` [m]."""
    beams = [_beams(plan, here, n, offset) for n in shots]
    found = solve_beams(medium, here.device, [b for group in beams for b in group], here.grids, threads=threads)
    return grouped_means(_all([f.heat_rate for f in found]), [len(b) for b in beams])


def anchor_heats(basis: Basis, medium: Medium, offset: Vector, threads: int) -> list[Field]:
    """The same of the anchors in other tissue, from the planes of the source that the basis has."""
    marching = Marching()
    groups = [_problems(basis.plan, basis.here, medium, n, offset) for n in basis.anchors]
    problems = [p for group in groups for p in group]
    recording = Recording(pressure=False, heat=True, heat_grid=basis.here.grids.heat)
    prepared = marching.prepare(problems, basis.source)
    with ThreadPoolExecutor(threads) as pool:
        found = _all(list(pool.map(lambda p: marching.run(p, recording, "asked for").heat_rate, prepared)))
    return grouped_means(found, [len(group) for group in groups])


def _problems(
    plan: TreatmentPlan, here: Scene, medium: Medium, shot: int, offset: Vector
) -> tuple[AcousticProblem, ...]:
    return tuple(problem(here.device, beam, medium) for beam in _beams(plan, here, shot, offset))


def _beams(plan: TreatmentPlan, here: Scene, shot: int, offset: Vector) -> tuple[Beam, ...]:
    """Those of an exposure with the source moved by ``offset`` [m]."""
    aim = Aim.of(plan.sonications[shot])
    x, y, z = np.add(aim.focus, offset)
    return replace(aim, focus=(float(x), float(y), float(z))).beams(here.device, plan.pose)


def _all(found: list[Field | None]) -> list[Field]:
    whole = [h for h in found if h is not None]
    if len(whole) != len(found):
        raise CannotModel("a field was solved without its heat; ask the march for heat")
    return whole


def _spread(foci: NDArray[np.float64], centre: NDArray[np.float64]) -> tuple[int, ...]:
    """The exposure nearest to the centre, then always the one furthest from those chosen."""
    chosen = [int(np.argmin(np.linalg.norm(foci - centre, axis=1)))]
    while len(chosen) < min(ANCHORS, len(foci)):
        away = np.linalg.norm(foci[:, None] - foci[chosen][None], axis=2).min(axis=1)
        chosen.append(int(np.argmax(away)))
    return tuple(chosen)

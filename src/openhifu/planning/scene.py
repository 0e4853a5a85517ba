"""A case seen along one beam: grids, tissues and masks that planning, prediction and rehearsal share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import GeometryError, Infeasible
from openhifu.base.field import Field
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.vectors import Vector
from openhifu.model.case_data import CaseData
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.regions import organ_mask, target_mask
from openhifu.model.target import Ellipsoid, LabelTarget, Sphere
from openhifu.model.transducer import Transducer
from openhifu.planning.anatomy import Anatomy
from openhifu.planning.beam import USUAL, BeamGrids, Fineness, beam_grids

TARGET_NAME = "target"
"""Name of the target among the probes and curves, beside the organs' own names."""

BEHIND_FOCUS, BEHIND_TARGET = 24e-3, 11e-3
"""m of tissue modelled behind the target's centre at least, and behind its far edge: heat goes 6 mm in a minute."""

ROOM = 3e9
"""Bytes that the heat of all spots may take on voxels of 1 mm; where it would take more, heat is kept on 2 mm."""

COARSE = Fineness(blocks=2 * USUAL.blocks)
"""Heat on voxels of 2 mm."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One case, one source, one pose.

    Attributes:
        data: the case.
        device: the source.
        view: anatomy for rays.
        pose: reference pose, focus at the target's centre.
        grids: where field and heat live.
        tissues: tissues on the heat grid, catalogue values.
        target: mask of the target on the heat grid.
        organs: masks of the organs at risk on the heat grid; organs without a voxel there are left out.
    """

    data: CaseData
    device: Transducer
    view: Anatomy
    pose: Pose
    grids: BeamGrids
    tissues: Medium
    target: NDArray[np.bool_]
    organs: dict[str, NDArray[np.bool_]]


def target_centre(data: CaseData) -> Vector:
    """Centre of the target (LPS, m): of its shape, or of its label's voxels."""
    target = data.case.target
    if isinstance(target, Sphere | Ellipsoid):
        return target.centre
    mask = target_mask(target, data.tissues.grid, data.labels)
    if not mask.any():
        raise Infeasible(f"label {target.label!r} has no voxel in this case; choose a label that has")
    centre = data.tissues.grid.world(np.argwhere(mask).mean(axis=0))
    return (float(centre[0]), float(centre[1]), float(centre[2]))


def target_half_size(data: CaseData) -> float:
    """Largest distance [m] of a point of the target from its centre."""
    target = data.case.target
    if isinstance(target, Sphere):
        return target.radius
    if isinstance(target, Ellipsoid):
        return max(target.semi_axes)
    grid = data.tissues.grid
    points = grid.world(np.argwhere(target_mask(target, grid, data.labels)))
    return float(np.linalg.norm(points - np.asarray(target_centre(data)), axis=1).max())


def target_points(data: CaseData, pose: Pose, spacing: float) -> NDArray[np.float64]:
    """Points of the target in beam coordinates [m] about the pose's focus, on a lattice of ``spacing`` [m]."""
    reach = target_half_size(data) + spacing
    box = Grid.along(pose.axes, pose.focus, (-reach,) * 3, (reach,) * 3, spacing, Frame.PATIENT)
    inside = target_mask(data.case.target, box, data.labels)
    return np.argwhere(inside).astype(np.float64) * spacing - reach


def scene(data: CaseData, device: Transducer, view: Anatomy, pose: Pose, fineness: Fineness | None = None) -> Scene:
    """Build the scene of a pose.

    Args:
        data: the case.
        device: the source.
        view: anatomy for rays.
        pose: reference pose, focus at the target's centre.
        fineness: of the grids; what the size of the case asks for if not given.

    Raises:
        Infeasible: if the source would touch the skin, or the target has no voxel.
        GeometryError: if the target does not lie within the grid of heat.
    """
    reach = target_half_size(data) + 2e-3
    beyond = max(BEHIND_FOCUS, reach + BEHIND_TARGET)
    grids = beam_grids(view, device, pose, reach, beyond, fineness or USUAL)
    if fineness is None and 4.0 * grids.heat.size * _spots(data) > ROOM:
        grids = beam_grids(view, device, pose, reach, beyond, COARSE)
    here = scene_on(data, device, view, pose, grids)
    if np.count_nonzero(here.target[1:-1, 1:-1, 1:-1]) < np.count_nonzero(here.target):
        raise GeometryError(
            f"the target reaches the edge of the grid of heat: {grids.heat.describe()}; treat a part of it"
        )
    return here


def fineness_of(heat: Grid) -> Fineness:
    """How finely a plan was computed whose heat is on this grid.

    Raises:
        GeometryError: if its voxels are not whole blocks of the field's usual ones.
    """
    blocks = round(heat.spacing[0] / USUAL.field)
    if abs(heat.spacing[0] - blocks * USUAL.field) > 1e-6 * USUAL.field:
        raise GeometryError(
            f"heat on {heat.describe()} is not of blocks of {1e3 * USUAL.field:g} mm, as plans have it; plan again"
        )
    return Fineness(blocks=blocks)


def _spots(data: CaseData) -> float:
    """About how many spots fill the target."""
    target, wish = data.case.target, data.case.prescription
    if isinstance(target, Sphere | Ellipsoid):
        axes = (target.radius,) * 3 if isinstance(target, Sphere) else target.semi_axes
        volume = 4 / 3 * math.pi * math.prod(axes)
    else:
        grid = data.tissues.grid
        volume = float(target_mask(target, grid, data.labels).sum()) * grid.voxel_volume
    return volume / (wish.lateral_spacing**2 * wish.axial_spacing)


def coarser(here: Scene) -> Scene:
    """The same scene with heat voxels of twice the size: for scouting pauses, never for the numbers of a plan.

    An odd last voxel along an axis falls away; the outermost voxels are at body temperature anyway.
    """
    fine = here.grids.heat
    affine = np.array(fine.affine)
    affine[:3, 3] = fine.world((0.5, 0.5, 0.5))
    affine[:3, :3] *= 2
    heat = Grid((fine.shape[0] // 2, fine.shape[1] // 2, fine.shape[2] // 2), affine, fine.frame)
    return scene_on(here.data, here.device, here.view, here.pose, BeamGrids(here.grids.field, heat))


def block_mean(field: Field, grid: Grid) -> Field:
    """A field on the grid of a ``coarser`` scene: the mean over 2 x 2 x 2 voxels, which conserves heat."""
    a, b, c = grid.shape
    blocks = field.data[: 2 * a, : 2 * b, : 2 * c].reshape(a, 2, b, 2, c, 2)
    return Field(grid, np.ascontiguousarray(blocks.mean(axis=(1, 3, 5), dtype=np.float32)), field.quantity)


def scene_on(data: CaseData, device: Transducer, view: Anatomy, pose: Pose, grids: BeamGrids) -> Scene:
    """The scene of a pose on given grids; raises like ``scene``."""
    tissues = data.medium(grids.heat)
    target = target_mask(data.case.target, grids.heat, data.labels)
    if not target.any():
        what = data.case.target.label if isinstance(data.case.target, LabelTarget) else data.case.target.kind
        mm = 1e3 * grids.heat.spacing[0]
        raise Infeasible(f"the target ({what}) is smaller than a voxel of {mm:g} mm; give a larger one")
    masks = {o.name: organ_mask(o, grids.heat, data.labels, tissues.map) & ~target for o in data.case.organs}
    organs = {name: mask for name, mask in masks.items() if mask.any()}
    return Scene(data, device, view, pose, grids, tissues, target, organs)

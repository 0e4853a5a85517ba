"""The beam's own grids through a patient: a fine one for the field, a coarser box inside it for heat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import Infeasible
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.anatomy import Anatomy, Way

FIELD_SPACING = 0.5e-3
"""m; a quarter of a wavelength at 0.8 MHz in soft tissue."""

SKIN_GAP = 6e-3
"""m of water between the first plane of a field and the skin."""

EDGES = 14e-3
"""m to each side of the beam for absorbing edges, with room to spare."""

HEATED = 0.55
"""Share of the beam's radius at the skin that the heat grid spans; further out the beam is too thin to warm tissue."""

COARSENING = 2
"""Field voxels per heat voxel along each axis."""


@dataclass(frozen=True)
class Fineness:
    """How finely a beam is computed.

    Attributes:
        field: edge of a field voxel [m].
        blocks: field voxels per heat voxel along each axis.
    """

    field: float = FIELD_SPACING
    blocks: int = COARSENING


USUAL = Fineness()
"""Voxels of 0.5 mm for the field, 1 mm for heat."""


@dataclass(frozen=True, eq=False)
class BeamGrids:
    """Where fields and heat are computed.

    Attributes:
        field: grid of the field, first plane in water.
        heat: grid of heat, dose and organs; whole blocks of the field's voxels.
    """

    field: Grid
    heat: Grid


def skin_plane(view: Anatomy, device: Transducer, pose: Pose, reach: float) -> float:
    """Coordinate [m] along the beam, from the focus, of the first tissue inside the beam; ``reach`` widens the beam.

    Raises:
        Infeasible: if there is no tissue in the beam at all.
    """
    tan = math.tan(device.surface.half_angles[1])
    step = 2.0e-3
    depth = np.arange(-device.focal_length, 0.0, step)
    width = device.focal_length * math.sin(device.surface.half_angles[1]) + reach
    across = np.arange(-width, width + step, step)
    x, y = np.meshgrid(across, across, indexing="ij")
    axes = np.asarray(pose.axes)
    radius = np.hypot(x, y)
    for z in depth:
        lit = radius <= -z * tan + reach
        points = np.asarray(pose.focus) + np.stack([x[lit], y[lit], np.full(lit.sum(), z)], axis=-1) @ axes
        if np.any(_in_tissue(view, points)):
            return float(z)
    raise Infeasible("the beam meets no tissue before its focus; choose a target inside the body")


def _in_tissue(view: Anatomy, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    idx = np.rint(view.grid.index(points)).astype(int)
    ok = np.all((idx >= 0) & (idx < view.grid.shape), axis=1)
    found = np.zeros(len(points), bool)
    found[ok] = view.way[tuple(idx[ok].T)] != Way.WATER
    return found


def beam_start(view: Anatomy, device: Transducer, pose: Pose, reach: float) -> float:
    """Coordinate [m] along the beam, from the focus, of the first plane of a field: in water, just before the skin.

    Raises:
        Infeasible: if the source would touch the skin.
    """
    skin = skin_plane(view, device, pose, reach)
    rim = -device.focal_length * math.cos(device.surface.half_angles[1])
    start = math.floor((skin - SKIN_GAP) / FIELD_SPACING) * FIELD_SPACING
    if start - reach < rim + 1e-3:
        raise Infeasible(
            f"the skin comes within {1e3 * (skin - rim):.0f} mm of the rim of {device.name}; "
            "choose another direction or a source of longer focal length"
        )
    return start


def field_grid(
    device: Transducer, pose: Pose, start: float, reach: float, beyond: float, fineness: Fineness = USUAL
) -> Grid:
    """Grid of a field from a first plane at ``start`` [m] to ``beyond`` [m] behind the reference focus.

    Wide enough for the beam of every focus within ``reach`` [m] of the reference, and for absorbing edges.
    """
    h = fineness.field
    half = (-start + reach) * math.tan(device.surface.half_angles[1]) + reach + EDGES
    half += 2 * (fineness.blocks - COARSENING) * h  # room to move a narrower grid by whole heat voxels
    n = 2 * math.ceil(half / h / 2)
    return Grid.along(pose.axes, pose.focus, (-n * h, -n * h, start), (n * h, n * h, beyond), h, Frame.PATIENT)


def beam_grids(
    view: Anatomy, device: Transducer, pose: Pose, reach: float, beyond: float = 24e-3, fineness: Fineness = USUAL
) -> BeamGrids:
    """Grids along a pose's beam.

    Args:
        view: the anatomy.
        device: the source.
        pose: reference pose, focus at the target's centre.
        reach: m; how far spots lie from the reference focus.
        beyond: m of tissue modelled behind the reference focus.
        fineness: of both grids.

    Raises:
        Infeasible: if the source would touch the skin.
    """
    start = beam_start(view, device, pose, reach)
    return grids_from(device, pose, start, start + SKIN_GAP, reach, beyond, fineness)


def grids_from(
    device: Transducer,
    pose: Pose,
    start: float,
    skin: float,
    reach: float,
    beyond: float,
    fineness: Fineness = USUAL,
) -> BeamGrids:
    """Grids of a field that starts at ``start`` [m] and of its heat from just before the ``skin`` [m] onwards."""
    field = field_grid(device, pose, start, reach, beyond, fineness)
    tan = math.tan(device.surface.half_angles[1])
    widest = (field.shape[0] // 2) * fineness.field - EDGES
    half = min(widest, max(-skin * tan * HEATED + reach, 40e-3))
    return BeamGrids(field, _block_grid(field, half, skin - 5e-3 - start, fineness.blocks))


def _block_grid(field: Grid, half: float, after: float, c: int) -> Grid:
    """Coarse grid of blocks of ``c`` field voxels: ``half`` [m] about the axis, from ``after`` [m] on."""
    h, centre = field.spacing[0], field.shape[0] // 2
    across = 2 * int(half / h / c)
    first = np.array([centre - across // 2 * c, centre - across // 2 * c, max(0, int(after / h / c)) * c])
    size = (across, across, (field.shape[2] - int(first[2])) // c)
    affine = np.array(field.affine)
    affine[:3, 3] = field.world(first + (c - 1) / 2)
    affine[:3, :3] *= c
    return Grid(size, affine, field.frame)

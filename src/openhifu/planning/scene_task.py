"""A case seen along a beam as a task for the optimiser: on the scene's heat grid, and on a coarser one to scout on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.model.catalogue import tissue
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.course import Course
from openhifu.planning.predict import LONGEST_REST, LOOK, heat_solver, held_and_insulating, target_zone, watched_part
from openhifu.planning.scene import Scene, block_mean, coarser
from openhifu.planning.shots import Shot
from openhifu.planning.spots import Spot
from openhifu.planning.task import Task
from openhifu.thermal.adjoint import LinearTreatment
from openhifu.thermal.boundary import Boundary

BORDER = 12e-3
"""m of tissue around the target in the box; heat diffuses sqrt(4 D t) = 6 mm in a minute."""

COVERED = 0.95
"""Share of the target that plans cover at least, even where less is prescribed: tissue values are uncertain."""

DOSE_SHARE = 0.75
"""Share of an organ's CEM43 limit that a plan may use: a degree more in a patient is twice the dose."""

WARMER = 2.0
"""K above the prescribed lowest peak at which the coolest exposure is aimed: rounds differ by about a degree."""

HEADROOM = 4.0
"""K kept below the prescribed highest temperature: tissue values are uncertain."""


_TO_TAKE_FROM = 32  # nearest voxels among which a spot without one looks for its own


def scene_task(
    here: Scene, heat: Sequence[Field], spots: tuple[Spot, ...], heated: tuple[Shot, ...], caps: NDArray[np.float64]
) -> Task:
    """The task of a scene, with its scout.

    Args:
        here: the scene.
        heat: W/m3 per watt of every exposure, on its heat grid.
        spots: of the target.
        heated: which of them each exposure heats.
        caps: W that device and site allow each exposure.
    """
    scout = coarser(here)
    coarse = tuple(block_mean(h, scout.grids.heat) for h in heat)
    return replace(_alone(here, tuple(heat), spots, heated, caps), scout=_alone(scout, coarse, spots, heated, caps))


def about_target(here: Scene) -> tuple[Grid, tuple[slice, ...]]:
    """The box of the heat grid about the target, and where it lies."""
    near = np.asarray(distance_transform_edt(~here.target, sampling=here.grids.heat.spacing)) <= BORDER
    where = np.argwhere(near)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    return here.grids.heat.crop(low, high), tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _alone(
    here: Scene,
    heat: tuple[Field, ...],
    spots: tuple[Spot, ...],
    heated: tuple[Shot, ...],
    caps: NDArray[np.float64],
) -> Task:
    case, wish = here.data.case, here.data.case.prescription
    box, cut = about_target(here)
    tissues = Medium(
        TissueMap(box, np.ascontiguousarray(here.tissues.map.data[cut]), here.tissues.map.tissues),
        here.tissues.tissues,
    )
    target = here.target[cut]
    stable = heat_solver(here, tissues).stable_step
    held, gases = held_and_insulating(here, tissues)
    model = LinearTreatment(
        tissues, tissue("blood"), Boundary.HELD_AT_START, 0.5 * stable, held, gases, rest_step=stable
    )
    near = tuple(Field(box, np.ascontiguousarray(h.data[cut]), h.quantity) for h in heat)
    limits = {o.name: o.limit for o in case.organs}
    return Task(
        make_solver=lambda: heat_solver(here, here.tissues),
        heat=heat,
        groups=tuple(s.slice_index for s in heated),
        target=here.target,
        organs={name: (mask, limits[name]) for name, mask in here.organs.items()},
        near=Course(model, near, target_zone(here)[cut]),
        near_target=target,
        cells=_owners(heated)[_cells(here, box, target, spots)],
        on_time=wish.on_time,
        least_pause=min(wish.cooling_time, LONGEST_REST),
        longest_pause=LONGEST_REST,
        caps=caps,
        goal=wish.goal_cem43,
        ceiling=min(wish.peak_high, case.site.peak_temperature) - HEADROOM,
        wished=max(wish.coverage, COVERED),
        pre_cooling=wish.pre_cooling,
        zone=target_zone(here),
        watched={name: watched_part(mask, heat) for name, mask in here.organs.items()},
        least_peak=wish.peak_low + WARMER,
        allowed=DOSE_SHARE,
        look=LOOK,
        shortest_on_time=wish.shortest_on_time,
    )


def _owners(heated: tuple[Shot, ...]) -> NDArray[np.intp]:
    """Which exposure heats each spot."""
    return np.repeat(np.arange(len(heated)), [len(s.spots) for s in heated])


def _cells(here: Scene, box: Grid, target: NDArray[np.bool_], spots: tuple[Spot, ...]) -> NDArray[np.intp]:
    """Nearest spot of each target voxel, lengths measured in lattice spacings.

    Every spot owns at least one, unless the voxels near it are no more than the spots.
    """
    wish = here.data.case.prescription
    scale = 1 / np.array([wish.lateral_spacing, wish.lateral_spacing, wish.axial_spacing])
    axes = np.asarray(here.pose.axes)
    voxels = (box.world(np.argwhere(target)) - np.asarray(here.pose.focus)) @ axes.T
    places = np.array([s.offset for s in spots])
    cell = np.asarray(KDTree(places * scale).query(voxels * scale)[1], np.intp)
    owned, near = np.bincount(cell, minlength=len(spots)), KDTree(voxels * scale)
    for spot in np.flatnonzero(owned == 0):
        nearest = np.atleast_1d(near.query(places[spot] * scale, k=min(_TO_TAKE_FROM, len(voxels)))[1])
        for voxel in nearest[owned[cell[nearest]] > 1][:1]:  # never the only one of another spot
            owned[cell[voxel]] -= 1
            cell[voxel], owned[spot] = spot, 1
    return cell

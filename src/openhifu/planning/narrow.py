"""Fields of many spots of one beam grid, each marched on the part of it that its own beam takes.

The grid of a large target is as wide as the widest of all beams; a shallow spot needs a third of it. Where that saves
half of the voxels, every spot gets the columns within its own cone, absorbing edges included, in steps of ``_STEP`` so
that spots of one slice share the source's planes; elsewhere all are marched on the whole grid.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve_many
from openhifu.base.field import Field
from openhifu.base.grid import Grid
from openhifu.base.progress import Progress, silent
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Transducer
from openhifu.planning.aim import Beam
from openhifu.planning.beam import EDGES, HEATED, BeamGrids

_STEP = 12e-3  # m: half-widths are multiples of it
_WORTH = 0.5  # share of the voxels below which it is worth while
_BATCH = 8  # narrow fields at a time: each has its own copy of the labels


@dataclass(frozen=True)
class _Columns:
    """The part of a grid along the beam that a spot needs.

    Attributes:
        low: first voxel of the field's grid, across.
        size: voxels along both.
        heat_low: the first heat voxel inside.
        heat_high: one beyond the last.
    """

    low: tuple[int, int]
    size: int
    heat_low: tuple[int, int]
    heat_high: tuple[int, int]


def solve_beams(
    medium: Medium,
    device: Transducer,
    beams: Sequence[Beam],
    grids: BeamGrids,
    with_pressure: int | None = None,
    threads: int = 2,
    progress: Progress = silent,
) -> list[AcousticField]:
    """Heat of every beam at 1 W on the whole heat grid, zero where its own part of the grid does not reach.

    Args:
        medium: tissues on ``grids.field``.
        device: the source.
        beams: as they are asked for.
        grids: where to solve and where to keep heat.
        with_pressure: the beam whose pressure is kept too.
        threads: fields at a time.
        progress: told how far it is.
    """
    parts = [_columns(grids, device, beam) for beam in beams]
    whole = grids.field.shape[0] * grids.field.shape[1]
    keep = [Recording(pressure=n == with_pressure, heat=True, heat_grid=grids.heat) for n in range(len(beams))]
    if sum(p.size**2 for p in parts) > _WORTH * whole * len(parts):
        problems = [problem(device, beam, medium) for beam in beams]
        return solve_many(problems, keep, "marching", threads, progress)
    groups: dict[int, list[int]] = defaultdict(list)
    for n, part in enumerate(parts):
        groups[part.size].append(n)
    found: dict[int, AcousticField] = {}
    for members in groups.values():
        for first in range(0, len(members), _BATCH):
            batch = members[first : first + _BATCH]
            problems, recordings = [], []
            for n in batch:
                part = _cut(medium, grids, parts[n])
                problems.append(problem(device, beams[n], part.medium))
                recordings.append(replace(keep[n], heat_grid=part.heat))
            for n, field in zip(batch, solve_many(problems, recordings, "marching", threads), strict=True):
                found[n] = _widened(field, grids.heat, parts[n])
            progress("acoustic fields", len(found) / len(beams))
    return [found[n] for n in range(len(beams))]


def problem(device: Transducer, beam: Beam, medium: Medium) -> AcousticProblem:
    """A beam at 1 W as the march's question."""
    return AcousticProblem(device.drive(1.0, beam.elements_off, beam.phases, beam.pose), medium)


@dataclass(frozen=True, eq=False)
class _Part:
    """Tissues and heat grid of some columns."""

    medium: Medium
    heat: Grid


def _columns(grids: BeamGrids, device: Transducer, beam: Beam) -> _Columns:
    """The columns that a beam needs, moved inside the grid by whole heat voxels where they would stand out of it."""
    field, heat = grids.field, grids.heat
    h, c = field.spacing[0], round(heat.spacing[0] / field.spacing[0])
    offset = np.rint(field.index(heat.world((-0.5, -0.5, -0.5))) + 0.5).astype(int)
    focus = field.index(beam.pose.focus)
    ahead, behind = float(focus[2]) * h, (field.shape[2] - 1 - float(focus[2])) * h
    tan = math.tan(device.surface.half_angles[1])
    half = max(ahead * tan, behind * tan * HEATED) + beam.aside + EDGES + 2 * c * h
    blocks = round(math.ceil(half / _STEP - 1e-9) * _STEP / (c * h))
    size = 2 * c * blocks
    if size >= min(field.shape[:2]):
        return _Columns((0, 0), max(field.shape[:2]), (0, 0), (heat.shape[0], heat.shape[1]))
    lows, heat_lows, heat_highs = [], [], []
    for axis in (0, 1):
        first = round((float(focus[axis]) - offset[axis]) / c) - blocks
        first = max(first, -(int(offset[axis]) // c))
        first = min(first, (field.shape[axis] - size - int(offset[axis])) // c)
        lows.append(int(offset[axis]) + c * first)
        heat_lows.append(max(0, first))
        heat_highs.append(min(heat.shape[axis], first + 2 * blocks))
    return _Columns((lows[0], lows[1]), size, (heat_lows[0], heat_lows[1]), (heat_highs[0], heat_highs[1]))


def _cut(medium: Medium, grids: BeamGrids, part: _Columns) -> _Part:
    (a, b), n = part.low, part.size
    low, high = (a, b, 0), (a + n, b + n, grids.field.shape[2])
    inside = np.ascontiguousarray(medium.map.data[a : a + n, b : b + n])
    own = Medium(TissueMap(grids.field.crop(low, high), inside, medium.map.tissues), medium.tissues)
    heat = grids.heat.crop((*part.heat_low, 0), (*part.heat_high, grids.heat.shape[2]))
    return _Part(own, heat)


def _widened(field: AcousticField, heat: Grid, part: _Columns) -> AcousticField:
    """The field with its heat on the whole heat grid."""
    if field.heat_rate is None:
        return field
    data = np.zeros(heat.shape, np.float32)
    (a, b), (c, d) = part.heat_low, part.heat_high
    data[a:c, b:d] = field.heat_rate.data
    return replace(field, heat_rate=Field(heat, data, field.heat_rate.quantity))

"""A ring of foci about the target, made at once through the patient's tissue, and what lies between and beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.responses import responses_at
from openhifu.acoustics.solve import solve
from openhifu.base.errors import CannotModel, OutOfRange
from openhifu.base.vectors import Vector
from openhifu.planning.arrays.setting import ArraySetting
from openhifu.planning.arrays.several_foci import FociDrive, several_foci

MOST = 16
"""Foci at most; a ring of more is a line."""

_ASKED = 1e5  # Pa that the drive is made with; scaled afterwards
_OWN = 1.5  # wavelengths about a focus that count as the focus itself


@dataclass(frozen=True, eq=False)
class Ring:
    """What a ring of foci came to, at 1 W.

    Attributes:
        made: the drive; its power is 1 W.
        points: where the foci are (LPS, m).
        pressures: |P| at them in the marched field [Pa].
        beside: highest |P| in the plane of the foci away from them [Pa].
        plane: |P| in that plane [Pa], along the beam's x and y.
        reach: half the width of the plane [m].
    """

    made: FociDrive
    points: tuple[Vector, ...]
    pressures: NDArray[np.float64]
    beside: float
    plane: NDArray[np.float64]
    reach: float


def ring(here: ArraySetting, count: int, radius: float) -> Ring:
    """Equal foci on a circle across the beam, their phases going once round so that they cancel in its middle.

    Args:
        here: the array before the patient, with ``reach`` of the radius at least.
        count: of foci.
        radius: of the circle [m].

    Raises:
        OutOfRange: if there are fewer foci than two, more than ``MOST``, or the radius is not positive.
        CannotModel: if they lie too close to be told apart.
    """
    if not 2 <= count <= MOST or not radius > 0:
        raise OutOfRange(f"a ring has 2 to {MOST} foci and a radius above 0 mm, got {count} and {1e3 * radius:g} mm")
    turns = 2 * math.pi * np.arange(count) / count
    x, y = (np.asarray(a) for a in here.pose.axes[:2])
    places = np.asarray(here.pose.focus) + radius * (np.cos(turns)[:, None] * x + np.sin(turns)[:, None] * y)
    points = tuple((float(p[0]), float(p[1]), float(p[2])) for p in places)
    response = responses_at(here.problem(), points)
    asked = [complex(p) for p in _ASKED * np.exp(1j * turns)]
    made = several_foci(here.device, response, asked, here.fluid, pose=here.pose)
    drive = made.drive.model_copy(update={"acoustic_power": 1.0})
    pressure = solve(AcousticProblem(drive, here.medium), Recording(pressure=True, heat=False), "marching").pressure
    if pressure is None:
        raise CannotModel("the march kept no pressure")
    i, j, k = pressure.grid.voxel(here.pose.focus)
    h = pressure.grid.spacing[0]
    n = min(i, j, round((radius + 8e-3) / h))
    plane = np.abs(pressure.data[i - n : i + n + 1, j - n : j + n + 1, k]).astype(np.float64)
    at = h * np.arange(-n, n + 1)
    away = np.ones(plane.shape, bool)
    for turn in turns:
        apart = np.hypot(at[:, None] - radius * math.cos(turn), at[None, :] - radius * math.sin(turn))
        away &= apart > _OWN * here.fluid.wavelength
    own = np.array([abs(pressure.data[pressure.grid.voxel(p)]) for p in points], np.float64)
    unit = FociDrive(drive, made.velocity, made.pressure, made.efficiency)
    return Ring(unit, points, own, float(plane[away].max()), plane, n * h)

"""Accuracy of the hybrid in a real patient: a beam through a rib of the bundled liver case, against the full wave."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from openhifu.acoustics.field import AcousticField
from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.hybrid import Hybrid
from openhifu.acoustics.marching import Marching
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.validation_pictures import amplitudes, side_by_side
from openhifu.base.field import Field
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.imaging import bundled_case, read_case
from openhifu.model.catalogue import transducer
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap
from openhifu.planning.anatomy import anatomy
from openhifu.planning.beam import beam_start
from openhifu.planning.scene import target_centre

_SPACING = 0.35e-3  # m; five points to the wavelength in fat at 0.8 MHz
_HALF_ANGLE = math.radians(22)  # of the 43 degrees of the device: what a full wave of the whole grid takes in 1 GB
_BESIDE, _BEYOND = 10.5e-3, 14e-3  # m beside the beam and behind the focus
_DIRECTION = (-0.786, -0.554, -0.275)  # between and across the ribs, near to where the planner puts the source
_EDGE = 25  # voxels at each side that are not compared: the march absorbs in the outer 16
_BEHIND = -20e-3  # m from the focus: behind the rib wherever the beam goes
_TOLERANCE = 2e-3
_TRUTH = "full wave of the whole grid"


def ribs() -> AcousticProblem:
    """The middle of a 0.8 MHz source on the liver target of the bundled case, through a rib; muscle for gas.

    The full wave takes no gas; lung and bowel lie beside this beam.
    """
    data, device = read_case(bundled_case("liver")), transducer("jc200-like")
    size, focal = math.hypot(*_DIRECTION), device.focal_length
    cap = Cap(focal_length=focal, outer_diameter=2 * focal * math.sin(_HALF_ANGLE), hole_diameter=0.0)
    source = device.model_copy(update={"surface": cap})
    direction = (_DIRECTION[0] / size, _DIRECTION[1] / size, _DIRECTION[2] / size)
    pose = Pose(focus=target_centre(data), direction=direction)
    start = beam_start(anatomy(data, device.frequency), source, pose, 2e-3)
    side = _SPACING * math.ceil((_BESIDE - start * math.tan(_HALF_ANGLE)) / _SPACING)
    grid = Grid.along(pose.axes, pose.focus, (-side, -side, start), (side, side, _BEYOND), _SPACING, Frame.PATIENT)
    return AcousticProblem(source.drive(100.0, pose=pose), _without_gas(data.medium(grid)))


def _without_gas(medium: Medium) -> Medium:
    light = [n for n, t in enumerate(medium.tissues) if t.name in ("gas", "lung_inflated")]
    labels = medium.map.data.copy()
    labels[np.isin(labels, light)] = medium.map.index_of("muscle")
    return Medium(TissueMap(medium.grid, labels, medium.map.tissues), medium.tissues)


@cache
def _fields() -> dict[str, AcousticField]:
    keep, problem, whole = Recording(pressure=True, heat=False), ribs(), FullWave(tolerance=_TOLERANCE)
    return {solver.name: solver.solve(problem, keep) for solver in (Marching(), Hybrid(whole), whole)}


def _pressure(name: str) -> Field:
    pressure = _fields()[name].pressure
    if pressure is None:
        raise TypeError("the case must record pressure")
    return pressure


def _depths(grid: Grid) -> np.ndarray:
    """Planes of the grid along the beam, from the focus [m]."""
    return grid.axis(2) - grid.axis(2)[-1] + _BEYOND


def _behind(name: str) -> np.ndarray:
    pressure = _pressure(name)
    return np.abs(pressure.data[_EDGE:-_EDGE, _EDGE:-_EDGE][..., _depths(pressure.grid) > _BEHIND])


def _peak() -> ValidationRow:
    """Largest |P| behind the rib, which is at the focus."""
    found, truth = _behind("hybrid"), _behind("fullwave")
    figure = 100 * abs(float(found.max() / truth.max()) - 1)
    grid, top = _pressure("fullwave").grid, float(truth.max())
    z, middle = 1e3 * _depths(grid), grid.shape[0] // 2
    curves = [
        Curve.of(title, z, np.abs(_pressure(name).data[middle, middle]) / top, reference=name == "fullwave")
        for name, title in (("hybrid", "hybrid"), ("marching", "march alone"), ("fullwave", _TRUTH))
    ]
    picture = Picture("from the focus [mm]", "|P| on the axis / largest behind the rib", tuple(curves))
    return ValidationRow.of("rib of the liver case, hybrid: peak behind", figure, 3.0, "%", _TRUTH, picture)


def _shape() -> ValidationRow:
    found, truth = _behind("hybrid"), _behind("fullwave")
    grid = _pressure("fullwave").grid
    z = _depths(grid)
    x, middle = (grid.axis(0) - grid.axis(0).mean())[_EDGE:-_EDGE], found.shape[1] // 2
    picture = side_by_side(x, z[z > _BEHIND], found[:, middle].T, truth[:, middle].T, "full wave")
    figure = 100 * float(np.linalg.norm(found - truth) / np.linalg.norm(truth))
    return ValidationRow.of("rib of the liver case, hybrid: |P| behind", figure, 10.0, "% L2", _TRUTH, picture)


def _focus() -> ValidationRow:
    """Where the largest |P| behind the rib lies."""
    places = [np.array(np.unravel_index(int(np.argmax(_behind(n))), _behind(n).shape)) for n in ("hybrid", "fullwave")]
    moved = 1e3 * _SPACING * float(np.linalg.norm(places[0] - places[1]))
    lines = [_behind(name)[:, places[1][1], places[1][2]] for name in ("hybrid", "fullwave")]
    x = 1e3 * _SPACING * (np.arange(lines[0].size) - lines[0].size // 2)
    picture = amplitudes(x, lines[0], lines[1], "across the focus [mm]", "full wave")
    return ValidationRow.of("rib of the liver case, hybrid: place of the peak", moved, 1.0, "mm", _TRUTH, picture)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "ribs-hybrid-peak": _peak,
    "ribs-hybrid-field": _shape,
    "ribs-hybrid-place": _focus,
}
"""Every case by its name; they take about four minutes together, and 1 GB."""

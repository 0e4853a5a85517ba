"""Accuracy of fields in a real patient: the ribs of the bundled liver case in the beam, method against method."""

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
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Panel, Picture
from openhifu.base.validation import ValidationRow
from openhifu.imaging import bundled_case, read_case
from openhifu.model.catalogue import transducer
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissuemap import TissueMap
from openhifu.planning.anatomy import anatomy
from openhifu.planning.beam import beam_start
from openhifu.planning.scene import target_centre

_SPACING = 0.35e-3  # m; five points to the wavelength in fat at 0.8 MHz
_EDGES = 12e-3  # m beside the beam
_DIRECTION = (-0.786, -0.554, -0.275)  # between and across the ribs, near to where the planner puts the source


def ribs() -> AcousticProblem:
    """The 256-element source on the liver target of the bundled case, all elements on, through the ribs; no gas."""
    data, device = read_case(bundled_case("liver")), transducer("jc200-like-256")
    size = math.hypot(*_DIRECTION)
    direction = (_DIRECTION[0] / size, _DIRECTION[1] / size, _DIRECTION[2] / size)
    pose = Pose(focus=target_centre(data), direction=direction)
    start = beam_start(anatomy(data, device.frequency), device, pose, 2e-3)
    half = -start * math.tan(device.surface.half_angles[1]) + _EDGES
    n = math.ceil(half / _SPACING)
    low = (-n * _SPACING, -n * _SPACING, start)
    grid = Grid.along(pose.axes, pose.focus, low, (-low[0], -low[1], 20e-3), _SPACING, Frame.PATIENT)
    return AcousticProblem(device.drive(100.0, pose=pose), _without_gas(data.medium(grid)))


def _without_gas(medium: Medium) -> Medium:
    """The medium with muscle in the place of lung and gas, which no full wave takes; they lie beside the beam here."""
    light = [n for n, t in enumerate(medium.tissues) if t.name in ("gas", "lung_inflated")]
    labels = medium.map.data.copy()
    labels[np.isin(labels, light)] = medium.map.index_of("muscle")
    return Medium(TissueMap(medium.grid, labels, medium.map.tissues), medium.tissues)


@cache
def _fields() -> dict[str, AcousticField]:
    keep, problem = Recording(pressure=True, heat=False), ribs()
    solvers = (Marching(), Hybrid(tolerance=3e-3), FullWave(tolerance=3e-3))
    return {solver.name: solver.solve(problem, keep) for solver in solvers}


def _picture(fields: dict[str, AcousticField]) -> Picture:
    truth = fields["fullwave"].pressure
    if truth is None:
        raise TypeError("the case must record pressure")
    z = 1e3 * truth.grid.axis(2)
    nx, ny, _ = truth.grid.shape
    top = float(np.abs(truth.data).max())
    curves = []
    for name, field in fields.items():
        if field.pressure is not None:
            line = np.abs(field.pressure.data[nx // 2, ny // 2]) / top
            curves.append(Curve.of(name, z, line, reference=name == "fullwave"))
    return Picture("along the beam [mm]", "|P| on the axis / largest", tuple(curves))


def _planes(fields: dict[str, AcousticField]) -> Picture:
    panels = []
    for name in ("hybrid", "fullwave"):
        pressure = fields[name].pressure
        if pressure is not None:
            plane = np.abs(pressure.data[:, pressure.grid.shape[1] // 2, :]) / 1e6
            x, z = 1e3 * pressure.grid.axis(0), 1e3 * pressure.grid.axis(2)
            extent = (z[0], z[-1], x[0] - x[-1] / 2, x[-1] / 2)
            panels.append(Panel(name, plane, extent, "MPa", high=float(plane.max())))
    return Picture("along the beam [mm]", "x [mm]", panels=tuple(panels))


def _peak(name: str, limit: float) -> ValidationRow:
    fields = _fields()
    figure = 100 * abs(fields[name].peak_pressure / fields["fullwave"].peak_pressure - 1)
    return ValidationRow.of(
        f"ribs of the liver case, {name}: peak", figure, limit, "%", "full wave of the whole grid", _picture(fields)
    )


def _shape() -> ValidationRow:
    """|P| behind the ribs."""
    fields = _fields()
    found, truth = fields["hybrid"].pressure, fields["fullwave"].pressure
    if found is None or truth is None:
        raise TypeError("the case must record pressure")
    behind = np.s_[:, :, truth.grid.shape[2] // 2 :]
    a, b = np.abs(found.data[behind]), np.abs(truth.data[behind])
    figure = 100 * float(np.linalg.norm(a - b) / np.linalg.norm(b))
    words = "full wave of the whole grid"
    return ValidationRow.of("ribs of the liver case, hybrid: |P| behind", figure, 10.0, "% L2", words, _planes(fields))


CASES: dict[str, Callable[[], ValidationRow]] = {
    "ribs-hybrid-peak": lambda: _peak("hybrid", 3.0),
    "ribs-hybrid-field": _shape,
}
"""Every case by its name; they take about ten minutes and 5 GB together."""

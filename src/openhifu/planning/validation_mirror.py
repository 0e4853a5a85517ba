"""The mirror focus of the fat-muscle interface: the one-line rule and the sum of plane waves, against the full wave.

The case of Chen et al., J. Applied Acoustics 2025;44(1):55-62: a converging beam, flat fat, muscle behind it, the
target 10, 20 and 30 mm behind the interface. Two full waves tell the reflected wave from the arriving one: with the
muscle, and with fat in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fullwave import FullWave
from openhifu.acoustics.interfaces import Plane, Surfaces
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.source import Fluid
from openhifu.base.grid import Grid
from openhifu.base.picture import Curve, Picture
from openhifu.base.validation import ValidationRow
from openhifu.model.catalogue import tissue, transducer
from openhifu.model.drive import Drive
from openhifu.model.medium import Medium
from openhifu.model.tissuemap import TissueMap
from openhifu.model.transducer import Cap
from openhifu.planning.mirror import FlatWall, Layer, MirrorFocus, heat_before, mirror_focus

_POINTS = 6.0  # per wavelength in fat
_HALF_ANGLE = math.radians(22)  # of the 43 degrees of the device: a full wave of less than 1 GB
_POWER = 100.0  # W
_BEYOND = 6e-3  # m of fat outside the mirror focus that the rule gives
_AHEAD, _BEHIND = 4e-3, 3e-3  # m of the grid before the fat and behind the muscle's face
_BESIDE = 5e-3  # m of the grid beside the axis: the lattice holds the beam, the mirror focus is on it
_TRUTH = "full wave, six points per wavelength"


@dataclass(frozen=True, eq=False)
class _Compared:
    """One distance.

    Attributes:
        rule: where the mirror focus is by the rule, before the muscle's face [m].
        model: by the sum of plane waves.
        place: by the full wave [m].
        model_alone: heat rate [W/m3] of the model's reflected wave at its mirror focus.
        alone: of the full wave's reflected wave at its own.
        model_heat: of both waves of the model where the full wave has its mirror focus.
        heat: of all waves of the full wave there, mean over their fringes.
        picture: amplitudes on the axis.
    """

    rule: float
    model: MirrorFocus
    place: float
    model_alone: float
    alone: float
    model_heat: float
    heat: float
    picture: Picture


def _drive() -> Drive:
    device = transducer("jc200-like")
    focal = device.focal_length
    cap = Cap(focal_length=focal, outer_diameter=2 * focal * math.sin(_HALF_ANGLE), hole_diameter=0.0)
    return device.model_copy(update={"surface": cap}).drive(_POWER)


def _full(drive: Drive, depth: float, *beyond: str) -> tuple[NDArray[np.float64], NDArray[np.complex64]]:
    """Distances before the face [m], and the pressure there on the axis [Pa]; fat goes on where nothing is beyond."""
    face = drive.transducer.focal_length - depth
    outer = face - depth - _BEYOND
    h = Fluid.of(tissue("subcutaneous_fat"), drive.transducer.frequency).wavelength / _POINTS
    side = h * round(_BESIDE / h)
    grid = Grid.box((-side, -side, outer - _AHEAD), (side, side, face + _BEHIND), h)
    planes = (Plane((0.0, 0.0, outer), (0.0, 0.0, 1.0)), Plane((0.0, 0.0, face), (0.0, 0.0, 1.0)))
    names = ("water", "subcutaneous_fat", *beyond)
    surfaces = Surfaces(planes, (0, 1, len(names) - 1))
    medium = Medium(TissueMap(grid, surfaces.labels(grid), names), tuple(tissue(n) for n in names))
    pressure = FullWave(surfaces).solve(AcousticProblem(drive, medium), Recording(pressure=True, heat=False)).pressure
    if pressure is None:
        raise TypeError("the case must record pressure")
    z = grid.affine[2, 3] + grid.axis(2)
    return face - z, pressure.data[grid.shape[0] // 2, grid.shape[1] // 2]


def _wall(depth: float) -> FlatWall:
    return FlatWall(tissue("water"), (Layer(tissue("subcutaneous_fat"), depth + _BEYOND),), tissue("muscle"), depth)


@cache
def compared(depth: float) -> _Compared:
    """Solve a distance [m] of the target behind the interface both ways."""
    drive = _drive()
    model = mirror_focus(drive, _wall(depth))
    before, whole = _full(drive, depth, "muscle")
    arriving = _full(drive, depth)[1]
    back, all_ = (_over_a_fringe(np.abs(p) ** 2) for p in (whole - arriving, whole))
    looked = (before >= 0.5 * depth) & (before < depth + _BEYOND - 1e-3)
    top = int(np.argmax(np.where(looked, back, 0.0)))
    fat = tissue("subcutaneous_fat")
    fluid = Fluid.of(fat, drive.transducer.frequency)
    per_square = fat.absorption.at(fluid.frequency) / fluid.impedance
    return _Compared(
        rule=depth,
        model=model,
        place=float(before[top]),
        model_alone=per_square * model.pressure**2,
        alone=per_square * float(back[top]),
        model_heat=heat_before(drive, _wall(depth), float(before[top])),
        heat=per_square * float(all_[top]),
        picture=_picture(before, np.sqrt(back), np.abs(arriving), model),
    )


def _over_a_fringe(square: NDArray[np.float32]) -> NDArray[np.float64]:
    """|P|^2 averaged over half a wavelength along the axis: what waves to and fro make of one another falls out."""
    points = int(_POINTS) // 2
    return np.convolve(square.astype(np.float64), np.full(points, 1 / points), "same")


def _picture(
    before: NDArray[np.float64], back: NDArray[np.float64], to: NDArray[np.float32], model: MirrorFocus
) -> Picture:
    """Amplitudes on the axis in the fat, and the model's mirror focus."""
    fat = (before > 0) & (before < model.before + 5e-3)
    curves = (
        Curve.of("arriving wave, full wave", 1e3 * before[fat], 1e-6 * to[fat]),
        Curve.of("sum of plane waves, at its mirror focus", [1e3 * model.before], [1e-6 * model.pressure], points=True),
        Curve.of("reflected wave, full wave", 1e3 * before[fat], 1e-6 * back[fat], reference=True),
    )
    return Picture("before the muscle [mm]", "|P| on the axis [MPa]", curves)


def _row(depth: float, what: str) -> ValidationRow:
    found = compared(depth)
    title = f"mirror focus, target {1e3 * depth:.0f} mm behind: "
    if what == "rule":
        return ValidationRow.of(title + "place by the rule", 1e3 * abs(found.rule - found.place), 2.0, "mm", _TRUTH)
    if what == "place":
        moved = 1e3 * abs(found.model.before - found.place)
        return ValidationRow.of(title + "place by plane waves", moved, 1.0, "mm", _TRUTH, found.picture)
    if what == "alone":
        figure = 100 * abs(found.model_alone / found.alone - 1)
        return ValidationRow.of(title + "heat of the reflected wave", figure, 20.0, "%", _TRUTH)
    figure = 100 * abs(found.model_heat / found.heat - 1)
    return ValidationRow.of(title + "heat of all waves there", figure, 20.0, "%", _TRUTH)


CASES: dict[str, Callable[[], ValidationRow]] = {
    f"mirror-{1e3 * depth:.0f}mm-{what}": partial(_row, depth, what)
    for depth in (10e-3, 20e-3, 30e-3)
    for what in ("rule", "place", "alone", "heat")
}
"""Every case by its name."""

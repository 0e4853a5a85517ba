"""What harmonics add to the heat at a focus: the beam through the layers on its axis, made flat, with and without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.axisymmetric import Axisymmetric
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.radial_source import round_cap
from openhifu.base.frames import Frame
from openhifu.base.grid import Grid
from openhifu.model import catalogue
from openhifu.model.case_data import CaseData
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.tissue import Known, Property
from openhifu.model.tissuemap import TissueMap, base_name
from openhifu.model.transducer import Transducer
from openhifu.planning.anatomy import BONES

STEP = 0.5e-3
"""m between samples of the axis."""

BEYOND = 10e-3
"""m behind the focus to which the axis is followed."""

_NEAR = 6e-3  # m about the focus within which the highest heat rates are compared
_WATER = 2e-3  # m of coupling kept before the first layer


@dataclass(frozen=True)
class Added:
    """What harmonics add.

    Attributes:
        share: of the highest linear heat rate about the focus.
        supposed: tissues on the axis without a B/A of their own, for which the catalogue's highest was taken: the share
            is then an upper bound.
    """

    share: float
    supposed: tuple[str, ...]


@cache
def highest_nonlinearity() -> float:
    """The highest B/A of any tissue in the catalogue."""
    values = (catalogue.tissue(name).values[Property.NONLINEARITY] for name in catalogue.tissue_names())
    return max(value.high for value in values if isinstance(value, Known))


def added_heat(data: CaseData, device: Transducer, pose: Pose, pressure: float) -> Added:
    """How harmonics raise the highest heat rate about the focus of an exposure.

    The layers are those on the beam's axis, taken as flat and normal to it, without bone, which would weaken the whole
    of a flat beam where it covers a part of the true one; the power is what brings the linear beam through them to the
    pressure that the case's own field has. An estimate of how far the linear field is from the truth, by the solver
    that is held against Burgers' equation and against its own refinement (``openhifu validate acoustics``).

    Args:
        data: the case.
        device: the source.
        pose: with the focus where the exposure has it.
        pressure: amplitude at its focus in the linear field [Pa].

    Raises:
        CannotModel: if the source is no whole cap, or there is gas on the axis.
    """
    length = round_cap(device.drive(1.0)).focal_length
    medium, supposed = _bounded(_layers(data, pose, length))
    depths = medium.grid.affine[2, 3] + medium.grid.axis(2)
    near = np.abs(depths - length) <= _NEAR
    one = Axisymmetric().solve(AcousticProblem(device.drive(1.0), medium), Recording(pressure=True, heat=True))
    if one.pressure is None or one.heat_rate is None:
        raise TypeError("pressure and heat must be recorded")
    power = (pressure / float(np.abs(one.pressure.data[1, 1, near]).max())) ** 2
    problem = AcousticProblem(_stronger(device, power).drive(power), medium, harmonics=2)
    full = Axisymmetric().solve(problem, Recording(pressure=False, heat=True))
    if full.heat_rate is None:
        raise TypeError("heat must be recorded")
    linear = power * float(one.heat_rate.data[1, 1, near].max())
    return Added(float(full.heat_rate.data[1, 1, near].max()) / linear - 1.0, supposed)


def _stronger(device: Transducer, power: float) -> Transducer:
    """The device without its ceiling: through flat layers the same pressure may take more power than it has."""
    ceilings = device.ceilings.model_copy(update={"acoustic_power": max(power, device.ceilings.acoustic_power)})
    return device.model_copy(update={"ceilings": ceilings})


def _bounded(medium: Medium) -> tuple[Medium, tuple[str, ...]]:
    """The medium with the catalogue's highest B/A for tissues that have none, and their names."""
    lacking = [t.name for t in medium.tissues if not isinstance(t.values[Property.NONLINEARITY], Known)]
    highest = {Property.NONLINEARITY: highest_nonlinearity()}
    source = "upper bound: the highest B/A of any tissue in the catalogue"
    tissues = tuple(t.replaced(highest, source) if t.name in lacking else t for t in medium.tissues)
    return replace(medium, tissues=tissues), tuple(lacking)


def _layers(data: CaseData, pose: Pose, length: float) -> Medium:
    """The tissues on the axis, from just before the body to behind the focus, as flat layers before the source."""
    low, high = (-STEP, -STEP, -length), (STEP, STEP, BEYOND)
    line = data.medium(Grid.along(pose.axes, pose.focus, low, high, STEP, Frame.PATIENT))
    column = _without_bone(line.map)
    water = line.map.tissues.index(data.case.background)
    first = max(int(np.argmax(column != water)) - round(_WATER / STEP), 0)
    present, numbers = np.unique(column[first:], return_inverse=True)
    begin = first * STEP  # the line's first sample is the apex
    grid = Grid.box((-STEP, -STEP, begin), (STEP, STEP, begin + STEP * (len(numbers) - 1)), STEP)
    layers = np.ascontiguousarray(np.broadcast_to(numbers.astype(np.uint8), grid.shape))
    names = tuple(line.map.tissues[n] for n in present)
    return Medium(TissueMap(grid, layers, names), tuple(line.tissues[n] for n in present))


def _without_bone(line: TissueMap) -> NDArray[np.uint8]:
    """The labels along the axis, with what lies before it in the place of bone."""
    column = line.data[1, 1].copy()
    bone = np.isin(column, [n for n, name in enumerate(line.tissues) if base_name(name) in BONES])
    for at in np.flatnonzero(bone[1:]) + 1:
        column[at] = column[at - 1]
    return column

"""Heat of every exposure per acoustic watt on the heat grid: one field, or the mean of several where it is steered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.base.errors import CannotModel
from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.aim import Aim
from openhifu.planning.beam import BeamGrids
from openhifu.planning.narrow import solve_beams

NEAR_AXIS = 50e-3
"""m; how far from the axis the pressure of the central spot is kept for pictures."""


@dataclass(frozen=True, eq=False)
class SpotFields:
    """Fields of all exposures at one acoustic watt each.

    Attributes:
        heat: W/m3 per watt of each exposure, on the heat grid; the mean over all places of a steered focus.
        central: the field of the exposure nearest to the reference focus, with its pressure; where its focus is
            steered, that of the place nearest to its middle.
        central_index: which exposure that is.
        share_on: share of the elements that is on, per exposure.
        report: how the fields were found.
    """

    heat: tuple[Field, ...]
    central: AcousticField
    central_index: int
    share_on: tuple[float, ...]
    report: SolveReport

    def amplitude(self, power: float) -> Field:
        """|P| [Pa] of the central spot at a power [W], near the beam axis (all depths, ``NEAR_AXIS`` to each side)."""
        pressure = self.central.pressure
        if pressure is None:
            raise CannotModel(
                "the central field was solved without its pressure; solve it with Recording(pressure=True)"
            )
        half = [
            min(n // 2, int(NEAR_AXIS / h))
            for n, h in zip(pressure.grid.shape[:2], pressure.grid.spacing, strict=False)
        ]
        low = [pressure.grid.shape[0] // 2 - half[0], pressure.grid.shape[1] // 2 - half[1], 0]
        high = [low[0] + 2 * half[0], low[1] + 2 * half[1], pressure.grid.shape[2]]
        box = pressure.grid.crop(low, high)
        near = np.abs(pressure.data[low[0] : high[0], low[1] : high[1]]) * np.float32(np.sqrt(power))
        return Field(box, near.astype(np.float32), pressure.quantity)


SolveSpots = Callable[[Medium, Transducer, Pose, Sequence[Aim], BeamGrids, Progress], SpotFields]
"""What gives the fields of exposures from the arguments of ``solve_spots``, in their order."""


def solve_spots(
    medium: Medium,
    device: Transducer,
    pose: Pose,
    aims: Sequence[Aim],
    grids: BeamGrids,
    progress: Progress = silent,
) -> SpotFields:
    """Solve one field for every place of the focus; the heat of an exposure is the mean over its places.

    Args:
        medium: tissues on ``grids.field``; the plan's, or a simulated patient's.
        device: the source.
        pose: reference pose; each exposure only moves it.
        aims: of all exposures.
        grids: where to solve and where to keep heat.
        progress: told how far it is.
    """
    beams = [aim.beams(device, pose) for aim in aims]
    central = int(np.argmin([np.linalg.norm(np.subtract(aim.focus, pose.focus)) for aim in aims]))
    before = sum(len(b) for b in beams[:central])
    nearest = before + int(np.argmin([beam.aside for beam in beams[central]]))
    fields = solve_beams(medium, device, [b for group in beams for b in group], grids, nearest, progress=progress)
    heat = [f.heat_rate for f in fields if f.heat_rate is not None]
    means = tuple(grouped_means(heat, [len(b) for b in beams]))
    share = tuple(1.0 - len(aim.elements_off) / device.elements for aim in aims)
    return SpotFields(means, fields[nearest], central, share, fields[0].report)


def grouped_means(heat: Sequence[Field], sizes: Sequence[int]) -> list[Field]:
    """The means of fields of one grid that come in groups of these sizes; a group of one as it is."""
    found, rest = [], iter(heat)
    for size in sizes:
        group = list(itertools.islice(rest, size))
        data = [h.data for h in group]
        mean = data[0] if size == 1 else np.asarray(np.mean(data, axis=0, dtype=np.float32))
        found.append(Field(group[0].grid, mean, group[0].quantity))
    return found

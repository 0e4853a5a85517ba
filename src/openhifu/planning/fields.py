"""One field a spot: heat per acoustic watt on the heat grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.base.errors import CannotModel
from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.beam import BeamGrids
from openhifu.planning.narrow import solve_beams

NEAR_AXIS = 50e-3
"""m; how far from the axis the pressure of the central spot is kept for pictures."""


@dataclass(frozen=True, eq=False)
class SpotFields:
    """Fields of all spots at one acoustic watt each.

    Attributes:
        heat: W/m3 per watt of each spot, on the heat grid.
        central: the field of the spot nearest to the reference focus, with its pressure.
        central_index: which spot that is.
        share_on: share of the elements that is on, per spot.
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


SolveSpots = Callable[
    [Medium, Transducer, Pose, Sequence[Vector], Sequence[tuple[int, ...]], BeamGrids, Progress], SpotFields
]
"""What gives the fields of spots from the arguments of ``solve_spots``, in their order."""


def solve_spots(
    medium: Medium,
    device: Transducer,
    pose: Pose,
    foci: Sequence[Vector],
    switched_off: Sequence[tuple[int, ...]],
    grids: BeamGrids,
    progress: Progress = silent,
) -> SpotFields:
    """Solve one field for every spot.

    Args:
        medium: tissues on ``grids.field``; the plan's, or a simulated patient's.
        device: the source.
        pose: reference pose; each spot only moves it.
        foci: where the focus goes, spot by spot (LPS, m).
        switched_off: elements off, per spot.
        grids: where to solve and where to keep heat.
        progress: told how far it is.
    """
    beams = [(pose.moved_to(focus), off) for focus, off in zip(foci, switched_off, strict=True)]
    central = int(np.argmin([np.linalg.norm(np.subtract(f, pose.focus)) for f in foci]))
    fields = solve_beams(medium, device, beams, grids, central, progress=progress)
    heat = tuple(f.heat_rate for f in fields if f.heat_rate is not None)
    share = tuple(1.0 - len(off) / device.elements for off in switched_off)
    return SpotFields(heat, fields[central], central, share, fields[0].report)

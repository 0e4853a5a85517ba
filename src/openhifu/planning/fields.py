"""One field a spot: heat per acoustic watt on the heat grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.solve import solve_many
from openhifu.base.field import Field
from openhifu.base.progress import Progress, silent
from openhifu.base.vectors import Vector
from openhifu.model.medium import Medium
from openhifu.model.pose import Pose
from openhifu.model.transducer import Transducer
from openhifu.planning.beam import BeamGrids


@dataclass(frozen=True, eq=False)
class SpotFields:
    """Fields of all spots at one acoustic watt each.

    Attributes:
        heat: W/m3 per watt of each spot, on the heat grid.
        central: the field of the spot nearest to the reference focus, with its pressure.
        central_index: which spot that is.
        report: how the fields were found.
    """

    heat: tuple[Field, ...]
    central: AcousticField
    central_index: int
    report: SolveReport


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
    problems = [
        AcousticProblem(device.drive(1.0, off, pose=pose.moved_to(focus)), medium)
        for focus, off in zip(foci, switched_off, strict=True)
    ]
    recording = Recording(pressure=False, heat=True, heat_grid=grids.heat)
    fields = solve_many(problems, recording, "marching", progress=progress)
    central = int(np.argmin([np.linalg.norm(np.subtract(f, pose.focus)) for f in foci]))
    with_pressure = solve_many([problems[central]], Recording(pressure=True, heat=False), "marching")[0]
    heat = tuple(f.heat_rate for f in fields if f.heat_rate is not None)
    return SpotFields(heat, with_pressure, central, fields[0].report)

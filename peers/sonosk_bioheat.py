"""sonosk's Pennes with CEM43 (numpy, float64): steps of a uniform perfused cube under a heat source.

Work: count (points along each side), spacing [m], steps (a run) and step [s].
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import numpy as np
from acoustic_box import serve
from sonosk.grid import Grid
from sonosk.medium import Material, Medium
from sonosk.thermal import bioheat


def main() -> None:
    """Prepare the cube and serve."""
    work = json.loads(sys.argv[1])
    count, step = work["count"], work["step"]
    grid = Grid((count,) * 3, (work["spacing"],) * 3)
    tissue = Material("liver", 1585.0, 1079.0, k=0.52, cp=3540.0, perfusion=16.0)
    medium = Medium(grid, np.zeros(grid.shape, int), [tissue])
    heat = np.full(grid.shape, 5e5)
    serve(f"sonosk {version('sonosk')}", lambda: bioheat(medium, heat, work["steps"] * step, dt=step))


if __name__ == "__main__":
    main()

"""kwavers' Pennes with thermal dose (compiled): steps of a uniform perfused cube under a heat source.

Work: count (points along each side), spacing [m], steps (a run) and step [s].
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import numpy as np
import pykwavers
from acoustic_box import serve


def main() -> None:
    """Prepare the cube and serve."""
    work = json.loads(sys.argv[1])
    n, h = work["count"], work["spacing"]
    simulation = pykwavers.ThermalSimulation(
        nx=n, ny=n, nz=n, dx=h, dy=h, dz=h,
        thermal_conductivity=0.52, density=1079.0, specific_heat=3540.0, enable_bioheat=True, track_thermal_dose=True,
    )  # fmt: skip
    heat = np.full((n, n, n), 5e5)
    serve(
        f"kwavers {version('kwavers-python')}",
        lambda: simulation.run(time_steps=work["steps"], dt=work["step"], heat_source=heat),
    )


if __name__ == "__main__":
    main()

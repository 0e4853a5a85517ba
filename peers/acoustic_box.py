"""What all acoustic peers share: a box with a layer across it, a plane source, and the talk with `openhifu bench`.

Work: shape [points], spacing [m], frequency [Hz], bone (whether the layer is bone or fat) and steps (time steps a run).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

WATER = (1500.0, 1000.0, 0.0)  # speed m/s, density kg/m3, attenuation Np/m
FAT = (1440.0, 911.0, 5.0)
BONE = (2800.0, 1850.0, 46.0)


@dataclass(frozen=True)
class Box:
    """A box of water with a layer across its first axis.

    Attributes:
        shape: points.
        spacing: m.
        frequency: Hz.
        steps: time steps a run.
        layer: speed, density and attenuation of the layer.
    """

    shape: tuple[int, int, int]
    spacing: float
    frequency: float
    steps: int
    layer: tuple[float, float, float]

    @classmethod
    def given(cls) -> Box:
        """The box that the command line asks for."""
        work = json.loads(sys.argv[1])
        nx, ny, nz = work["shape"]
        layer = BONE if work["bone"] else FAT
        return cls((nx, ny, nz), work["spacing"], work["frequency"], work["steps"], layer)

    @property
    def inside(self) -> slice:
        """Points of the layer along the first axis."""
        return slice(self.shape[0] // 3, self.shape[0] // 2)

    def volume(self, number: int) -> np.ndarray:
        """Speed (0), density (1) or attenuation (2) at every point."""
        values = np.full(self.shape, WATER[number])
        values[self.inside] = self.layer[number]
        return values

    @property
    def time_step(self) -> float:
        """At a Courant number of 0.3 of the fastest material [s]."""
        return 0.3 * self.spacing / max(WATER[0], self.layer[0])

    def tone(self) -> np.ndarray:
        """The source's pressure at every step."""
        return np.sin(2 * np.pi * self.frequency * self.time_step * np.arange(self.steps))


def serve(name: str, run: Callable[[], object]) -> None:
    """Say that the work is ready, and do it once for every line that asks for it."""
    print(f"ready {name}", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        print(f"seconds {time.perf_counter() - begin}", flush=True)

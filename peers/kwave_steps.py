"""k-wave-python's own solver (numpy, float32): time steps of a lossy heterogeneous box."""

from __future__ import annotations

import urllib.request
from importlib.metadata import version
from pathlib import Path

import numpy as np
from acoustic_box import Box, serve


def _nothing_fetched(_: str, file: str) -> None:
    """The package fetches compiled programs when imported; they are not used here, so an empty file will do."""
    Path(file).touch()


urllib.request.urlretrieve = _nothing_fetched  # type: ignore[assignment]

from kwave.kgrid import kWaveGrid  # noqa: E402
from kwave.kmedium import kWaveMedium  # noqa: E402
from kwave.ksensor import kSensor  # noqa: E402
from kwave.ksource import kSource  # noqa: E402
from kwave.solvers.kspace_solver import Simulation  # noqa: E402


def main() -> None:
    """Prepare the box and serve."""
    box = Box.given()
    grid = kWaveGrid(list(box.shape), [box.spacing] * 3)
    grid.setTime(box.steps, box.time_step)
    decibel = 8.685889638 / 100 / (box.frequency / 1e6) ** 1.5  # dB/(MHz^y cm) of a Np/m
    medium = kWaveMedium(
        sound_speed=box.volume(0), density=box.volume(1), alpha_coeff=decibel * box.volume(2), alpha_power=1.5
    )
    source = kSource()
    source.p_mask = np.zeros(box.shape, bool)
    source.p_mask[12] = True
    source.p = box.tone()[None, :]
    sensor = kSensor(mask=np.zeros(box.shape, bool))
    sensor.mask[-13, box.shape[1] // 2, box.shape[2] // 2] = True

    def run() -> None:
        simulation.t = 0
        for _ in range(box.steps):
            simulation.step()

    simulation = Simulation(
        grid, medium, source, sensor, device="cpu", smooth_p0=False, pml_size=(10, 10, 10), quiet=True, dtype=np.float32
    )
    simulation.setup()
    serve(f"k-wave-python {version('k-Wave-python')} numpy float32", run)


if __name__ == "__main__":
    main()

"""What a march keeps on its way, and the field that is made of it."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.field import AcousticField, EnergyBalance, SolveReport
from openhifu.acoustics.fourier import forward, wavenumbers
from openhifu.acoustics.label_stack import LabelStack
from openhifu.acoustics.marching_kernels import Keep
from openhifu.acoustics.materials import HARD_SPEEDS, Materials
from openhifu.acoustics.metrics import focus_on_grid
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.base.field import Field, Quantity

_WINDOW = 15e-3  # m around the axis where |P| is kept on every plane, for the width along the beam


def room(problem: AcousticProblem, materials: Materials, recording: Recording) -> Keep:
    """Arrays for what the recording asks for, of size zero for what it does not."""
    grid = problem.medium.grid
    nx, ny, nz = grid.shape
    blocks = heat_blocks(grid, recording)
    low, high = [], []
    for n in (0, 1):
        centre, half = -problem.first_voxel[n] / grid.spacing[n], _WINDOW / grid.spacing[n]
        low.append(min(max(0, int(centre - half)), grid.shape[n] - 1))
        high.append(max(low[n] + 1, min(grid.shape[n], int(centre + half) + 1)))
    ratio = materials.impedance / materials.carried
    return Keep(
        pressure=np.empty((nz, nx, ny) if recording.pressure else (0, 0, 0), np.complex64),
        heat=np.zeros((blocks.shape[2], blocks.shape[0], blocks.shape[1]), np.float32),
        first=np.array(blocks.first, np.int64),
        block=blocks.size,
        window=np.empty((nz, high[0] - low[0], high[1] - low[1]), np.float32),
        corner=np.array(low, np.int64),
        best=np.zeros((nx, ny), np.float32),
        largest=np.zeros(nz),
        power=np.zeros(4 if recording.energy else 0),
        losses=np.stack([materials.attenuation / materials.carried, materials.heat * ratio, 0.5 / materials.carried]),
        reflected=materials.reflected_power(),
    )


def forward_power(
    problem: AcousticProblem, labels: NDArray[np.uint8], materials: Materials, field: NDArray[np.complex64]
) -> float:
    """Power [W] that a carried amplitude takes through its plane: half the sum of cos(angle) |Q|^2 / carried impedance.

    The cosines come from the lateral spectrum, with the commonest wavenumber of the plane.
    """
    dx, dy, _ = problem.medium.grid.spacing
    k = materials.wavenumber[np.argmax(np.bincount(labels.ravel()))]
    wave = forward(field / np.sqrt(materials.carried)[labels])
    u, v = wavenumbers(wave.shape[0], dx), wavenumbers(wave.shape[1], dy)
    cosine = np.sqrt(np.maximum(1 - (u[:, None] ** 2 + v[None, :] ** 2) / k**2, 0.0))
    return float(0.5 * dx * dy / wave.size * np.sum(cosine * np.abs(wave) ** 2))


def omitted(materials: Materials) -> tuple[str, ...]:
    """What the march leaves out because of the bone and gas in this medium."""
    if not materials.hard.any():
        return ()
    low, high = HARD_SPEEDS
    return (
        "bone: conversion to shear waves, critical-angle reflection, reverberation",
        f"bone: refraction beyond that of a sound speed of {low:.0f} to {high:.0f} m/s",
    )


def noted(materials: Materials) -> tuple[str, ...]:
    """What the march did with the bone and gas in this medium."""
    notes = []
    hard, gas = (
        [name for name, here in zip(materials.names, mask, strict=True) if here]
        for mask in (materials.hard, materials.gas)
    )
    if hard:
        notes.append(f"{', '.join(hard)}: crossed as attenuating layers with normal-incidence transmission")
    if gas:
        notes.append(f"{', '.join(gas)}: a release surface; the pressure in it is zero, and nothing passes through it")
    return tuple(notes)


def answer(
    problem: AcousticProblem,
    stack: LabelStack,
    materials: Materials,
    recording: Recording,
    keep: Keep,
    energy: EnergyBalance | None,
    report: SolveReport,
) -> AcousticField:
    """The field from what was kept."""
    grid = problem.medium.grid
    k = int(np.argmax(keep.largest))
    i, j = (int(n) for n in np.unravel_index(int(np.argmax(keep.best)), keep.best.shape))
    p, q = i - int(keep.corner[0]), j - int(keep.corner[1])
    inside = 0 <= p < keep.window.shape[1] and 0 <= q < keep.window.shape[2]
    along = np.sqrt(keep.window[:, p, q] if inside else keep.largest)
    if not inside:
        note = "the peak lies far from the axis; its width along the beam is that of the largest |P| of each plane"
        report = dataclasses.replace(report, notes=(*report.notes, note))
    focus = focus_on_grid(grid, (i, j, k), (np.sqrt(keep.best[:, j]), np.sqrt(keep.best[i, :]), along))
    peak = focus.gain * float(np.sqrt(keep.largest[k]))
    heat = None
    if recording.heat:
        rate = np.ascontiguousarray(np.moveaxis(keep.heat, 0, 2))
        heat = Field(recording.heat_grid or grid, rate, Quantity.HEAT_RATE)
    return AcousticField(
        drive=problem.drive,
        frequency=problem.frequency,
        pressure=Field(grid, np.moveaxis(keep.pressure, 0, 2), Quantity.PRESSURE) if recording.pressure else None,
        heat_rate=heat,
        peak_pressure=peak,
        focus=focus.point,
        beam_widths=focus.widths,
        focal_intensity=peak**2 / (2 * float(materials.impedance[stack.labels[k, i, j]])),
        energy=energy,
        report=report,
    )

"""What must hold between grid, source, medium and machine before a full-wave solve may begin."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.born_medium import BYTES_PER_POINT
from openhifu.acoustics.label_stack import LabelStack
from openhifu.acoustics.marching_checks import coupling_label
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem, Recording
from openhifu.acoustics.quadrature import depth
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import GeometryError, OutOfRange
from openhifu.base.grid import Grid

_UNIFORM, _LAYERED = 3.0, 5.0  # points per wavelength


def require_grid(problem: AcousticProblem) -> Fluid:
    """Refuse a grid that is too coarse, not of cubes, or touches the source.

    Returns:
        The fluid between source and grid.

    Raises:
        GeometryError: saying what is needed.
    """
    grid = problem.medium.grid
    materials = Materials.of(problem.medium, problem.frequency)
    first_plane = np.ascontiguousarray(np.moveaxis(problem.medium.map.data[:, :, :1], 2, 0))
    slowest = materials.slowest / problem.frequency
    label = coupling_label(problem, LabelStack(first_plane), materials, slowest)
    fluid = Fluid.of(problem.medium.tissues[label], problem.frequency)
    require_points(grid, materials, problem.frequency)
    require_cubes(grid)
    first, surface = problem.first_voxel[2], depth(problem.drive.transducer.surface)
    if first < surface + fluid.wavelength:
        raise GeometryError(
            f"the grid begins {1e3 * first:.1f} mm from the apex of the source, whose surface reaches to "
            f"{1e3 * surface:.1f} mm; begin it at {1e3 * (surface + fluid.wavelength):.1f} mm or beyond"
        )
    return fluid


def require_points(grid: Grid, materials: Materials, frequency: float) -> None:
    """Refuse a grid that is too coarse for the full wave.

    Raises:
        GeometryError: saying which spacing is needed.
    """
    shortest = materials.slowest / frequency
    points = _UNIFORM if int(materials.present.sum()) == 1 else _LAYERED
    coarsest = max(grid.spacing)
    if coarsest > shortest / points * (1 + 1e-6):
        raise GeometryError(
            f"voxels of {1e3 * coarsest:.3g} mm are too coarse for the full wave at {frequency / 1e6:.3g} MHz, "
            f"whose shortest wavelength here is {1e3 * shortest:.3g} mm: use {1e3 * shortest / points:.3g} mm or less"
        )


def require_cubes(grid: Grid) -> None:
    """Refuse voxels that are no cubes.

    Raises:
        GeometryError: if they are not.
    """
    if max(grid.spacing) - min(grid.spacing) > 1e-6 * max(grid.spacing):
        raise GeometryError(f"the full wave needs cubic voxels, got {grid.describe()}; resample the medium")


def bytes_needed(box: BornBox, recording: Recording) -> float:
    """Memory of a solve at its highest: lattice, and the field that is kept."""
    inside = box.inside[0] * box.inside[1] * box.inside[2]
    return float(BYTES_PER_POINT * box.points + (20 if recording.heat else 12) * inside)


def require_memory(box: BornBox, recording: Recording, allowed: float | None) -> None:
    """Refuse a lattice that does not fit.

    Args:
        box: the lattice.
        recording: what is kept.
        allowed: bytes; None for what the machine has available.

    Raises:
        OutOfRange: with the numbers.
    """
    needed, most = bytes_needed(box, recording), available_memory() if allowed is None else allowed
    if needed > most:
        raise OutOfRange(
            f"the full wave on {'x'.join(map(str, box.shape))} points needs {needed / 1e9:.2f} GB, and "
            f"{most / 1e9:.2f} GB may be used; shrink the grid, take larger voxels or allow more memory"
        )


def available_memory() -> float:
    """Bytes that can be had without swapping."""
    table = Path("/proc/meminfo")
    if table.exists():
        for line in table.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024.0 * float(line.split()[1])
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))

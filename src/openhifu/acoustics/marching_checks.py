"""What must hold between grid, source and medium before a march may begin."""

from __future__ import annotations

import numpy as np

from openhifu.acoustics.label_stack import LabelStack
from openhifu.acoustics.materials import Materials
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.quadrature import depth
from openhifu.acoustics.source import beam_radius
from openhifu.base.errors import GeometryError

SPONGE_CELLS = 16
"""Voxels at each lateral side in which the march absorbs what leaves the beam; fields there are not physical."""

_POINTS_PER_WAVELENGTH = 3.0
_MARGIN = 2.0  # wavelengths of water around the geometric cone that must be on the grid


def require_fine_enough(problem: AcousticProblem, materials: Materials) -> None:
    """Refuse a grid coarser than a third of the shortest wavelength in soft tissue.

    Raises:
        GeometryError: saying which spacing is needed.
    """
    shortest = materials.slowest / problem.frequency
    coarsest = max(problem.medium.grid.spacing)
    if coarsest > shortest / _POINTS_PER_WAVELENGTH * (1 + 1e-9):
        raise GeometryError(
            f"voxels of {1e3 * coarsest:.3g} mm are too coarse for {problem.frequency / 1e6:.3g} MHz: the shortest "
            f"wavelength is {1e3 * shortest:.3g} mm, so use {1e3 * shortest / _POINTS_PER_WAVELENGTH:.3g} mm or less"
        )


def require_whole_beam(problem: AcousticProblem, wavelength: float, sponge: int = SPONGE_CELLS) -> None:
    """Refuse a grid that begins behind the rim of the source or does not hold the whole cone of rays there.

    Args:
        problem: the question.
        wavelength: in the fluid between source and grid [m].
        sponge: voxels at each side of the grid that absorb.

    Raises:
        GeometryError: saying where it must begin, or how wide it must be.
    """
    grid, surface = problem.medium.grid, problem.drive.transducer.surface
    x0, y0, z0 = problem.first_voxel
    if z0 < depth(surface) + wavelength:
        raise GeometryError(
            f"the grid begins {1e3 * z0:.1f} mm from the apex of the source, whose surface reaches to "
            f"{1e3 * depth(surface):.1f} mm; begin it at {1e3 * (depth(surface) + wavelength):.1f} mm or beyond"
        )
    radius = float(beam_radius(surface, z0)) + _MARGIN * wavelength
    for name, start, n in (("x", x0, 0), ("y", y0, 1)):
        edge = sponge * grid.spacing[n]
        low, high = start + edge, start + grid.spacing[n] * (grid.shape[n] - 1) - edge
        if low > -radius or high < radius:
            raise GeometryError(
                f"the grid cuts the beam: {1e3 * z0:.0f} mm from the apex it reaches "
                f"from {1e3 * start:.1f} to {1e3 * (high + edge):.1f} mm of the source's axis along {name}, "
                f"but the beam with its margin and absorbing edges needs {1e3 * (radius + edge):.1f} mm on either "
                "side; widen the grid or begin it nearer to the focus"
            )


def coupling_label(problem: AcousticProblem, stack: LabelStack, materials: Materials, wavelength: float) -> int:
    """Label of the one soft medium that fills the beam on the first plane, and so reaches back to the source.

    Raises:
        GeometryError: if the beam meets more than one tissue there, or bone or gas.
    """
    grid = problem.medium.grid
    x0, y0, z0 = problem.first_voxel
    x, y = x0 + grid.axis(0), y0 + grid.axis(1)
    radius = float(beam_radius(problem.drive.transducer.surface, z0)) + wavelength
    lit = stack.labels[0][np.hypot(x[:, None], y[None, :]) <= radius]
    found = np.unique(lit)
    names = ", ".join(materials.names[n] for n in found)
    if found.size != 1 or materials.hard[found[0]] or materials.gas[found[0]]:
        raise GeometryError(
            "the first plane of the grid must lie wholly in the water (or other single soft medium) between source and "
            f"patient, but within {1e3 * radius:.0f} mm of the axis it holds {names}; begin the grid nearer to the "
            "source"
        )
    return int(found[0])

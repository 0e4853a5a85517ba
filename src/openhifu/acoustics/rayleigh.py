"""Rayleigh integral of a source in a uniform medium: exact, at any points, and as a propagator on whole grids."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.acoustics.compiled import Compilation
from openhifu.acoustics.field import AcousticField, SolveReport
from openhifu.acoustics.problem import AcousticProblem, Recording, heat_blocks
from openhifu.acoustics.quadrature import by_element, depth
from openhifu.acoustics.radial import RadialField
from openhifu.acoustics.rayleigh_kernels import sum_waves
from openhifu.acoustics.source import Fluid, element_velocities, is_axisymmetric
from openhifu.acoustics.wave_sums import pressure_of
from openhifu.acoustics.whole_field import field_of_planes
from openhifu.base.errors import CannotModel, GeometryError, OutOfRange
from openhifu.model.drive import Drive

_RADIAL_PER_WAVELENGTH = 12


def pressure_at(drive: Drive, points: ArrayLike, fluid: Fluid) -> NDArray[np.complex128]:
    """Complex pressure [Pa] at points (..., 3) [m] in a uniform fluid, shape (...).

    The points are in the patient's frame if the drive has a pose, in the transducer's own otherwise.
    P(x) = -(i omega rho / 2 pi) * integral of u exp((ik - alpha) R) / R over the elements that are on, by quadrature;
    relative error below 1e-6 of the peak on the axis and 1e-5 off it, one wavelength or more from the surface.

    Raises:
        OutOfRange: if a point is not finite.
    """
    at = np.asarray(points, dtype=np.float64)
    if at.shape[-1:] != (3,) or not np.all(np.isfinite(at)):
        raise OutOfRange(f"points must be finite and of shape (..., 3), got shape {at.shape}")
    if drive.pose is not None:
        apex = np.array(drive.pose.apex(drive.transducer.focal_length))
        at = (at - apex) @ np.array(drive.pose.axes).T
    flat = np.ascontiguousarray(at.reshape(-1, 3))
    surface = by_element(drive.transducer.surface, fluid.wavelength)
    out = pressure_of(flat, surface, element_velocities(drive, fluid), fluid)
    return out.reshape(at.shape[:-1])


class RayleighIntegral:
    """Propagator for uniform media, lossless or not; obeys ``Propagator``."""

    name = "rayleigh"
    models = (
        "diffraction of the source, exactly",
        "attenuation of a uniform medium",
    )
    omits = ("nonlinear propagation", "waves scattered back by the source")

    def refuses(self, problem: AcousticProblem) -> str | None:
        """Refuse anything but one tissue, and harmonics."""
        if (sentence := problem.refused_as_nonlinear) is not None:
            return sentence
        present = problem.medium.present()
        if int(present.sum()) == 1:
            return None
        names = [t.name for t, here in zip(problem.medium.tissues, present, strict=True) if here]
        return (
            f"the Rayleigh integral contains no change of tissue (here: {', '.join(names)}); "
            "ask for method 'marching', which does"
        )

    def pairs(self, problem: AcousticProblem) -> float:
        """Pairs of source and field points a solve will sum: its cost (about 1e9 take a second)."""
        fluid = uniform_fluid(problem)
        grid = problem.medium.grid
        quadrature = by_element(problem.drive.transducer.surface, fluid.wavelength).size
        if is_axisymmetric(problem.drive):
            radial = _largest_radius(problem) * _RADIAL_PER_WAVELENGTH / fluid.wavelength
            return grid.shape[2] * radial * quadrature
        return float(grid.size) * quadrature

    def solve(self, problem: AcousticProblem, recording: Recording, why: str = "asked for") -> AcousticField:
        """Find the field on the whole grid; see ``Propagator``."""
        if (sentence := self.refuses(problem)) is not None:
            raise CannotModel(sentence)
        if recording.energy:
            raise CannotModel("the Rayleigh integral keeps no energy balance; ask for method 'marching'")
        heat_blocks(problem.medium.grid, recording)
        started, compilation = time.perf_counter(), Compilation.watch(sum_waves)
        fluid = uniform_fluid(problem)
        _require_in_front(problem, fluid)
        field = _planes(problem, fluid)
        report = SolveReport(
            method=self.name,
            why=why,
            models=self.models,
            omits=self.omits,
            notes=(),
            wall_seconds=time.perf_counter() - started,
            planes=problem.medium.grid.shape[2],
            compiled=compilation.happened(),
        )
        return field_of_planes(problem, recording, field, report)


def uniform_fluid(problem: AcousticProblem) -> Fluid:
    """The one tissue of a uniform medium as a fluid."""
    index = int(np.argmax(problem.medium.present()))
    return Fluid.of(problem.medium.tissues[index], problem.frequency)


def _largest_radius(problem: AcousticProblem) -> float:
    x, y, _ = problem.first_voxel
    dx, dy, _ = problem.medium.grid.spacing
    nx, ny, _ = problem.medium.grid.shape
    return float(np.hypot(max(abs(x), abs(x + dx * (nx - 1))), max(abs(y), abs(y + dy * (ny - 1)))))


def _require_in_front(problem: AcousticProblem, fluid: Fluid) -> None:
    """Refuse grids that touch the source: closer than a wavelength the quadrature is no longer accurate."""
    first, deepest = problem.first_voxel[2], depth(problem.drive.transducer.surface)
    if first < deepest + fluid.wavelength:
        raise GeometryError(
            f"the grid starts {1e3 * first:.1f} mm from the apex, where the radiating surface still is "
            f"(up to {1e3 * deepest:.1f} mm); start it at {1e3 * (deepest + fluid.wavelength):.1f} mm or beyond"
        )


def _planes(problem: AcousticProblem, fluid: Fluid) -> NDArray[np.complex64]:
    """Pressure as planes along the beam, shape (nz, nx, ny)."""
    grid = problem.medium.grid
    x0, y0, z0 = problem.first_voxel
    x, y, z = x0 + grid.axis(0), y0 + grid.axis(1), z0 + grid.axis(2)
    out = np.empty((grid.shape[2], grid.shape[0], grid.shape[1]), np.complex64)
    if is_axisymmetric(problem.drive):
        radial = RadialField(problem.drive, fluid, z, _largest_radius(problem))
        radius = np.hypot(x[:, None], y[None, :])
        for n in range(z.size):
            out[n] = radial.plane(n, radius)
        return out
    own = problem.drive.model_copy(update={"pose": None})
    points = np.empty((*out.shape[1:], 3))
    points[..., 0], points[..., 1] = x[:, None], y[None, :]
    for n in range(z.size):
        points[..., 2] = z[n]
        out[n] = pressure_at(own, points, fluid)
    return out

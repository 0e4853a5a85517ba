"""A driven source inside the lattice: its own surface as small blobs, or a thin sheet that radiates the same wave."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.acoustics.born_box import BornBox
from openhifu.acoustics.born_kernels import add_blobs
from openhifu.acoustics.born_medium import BornMedium
from openhifu.acoustics.born_series import Source
from openhifu.acoustics.fourier import backward, forward, wavenumbers
from openhifu.acoustics.problem import AcousticProblem
from openhifu.acoustics.quadrature import by_element
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.source_planes import PlaneLattice, SourcePlanes
from openhifu.base.errors import GeometryError

_REACH = 5.5  # standard deviations over which a source is spread
_PURE = 0.02  # relative departure from the background that the source may lie in
_LIT = 0.05  # of the strongest amplitude: what counts as lit by the source
_STEEPEST = 0.2  # of k: smallest wavenumber along z of a sheet; what runs along it is dropped


def source_of(problem: AcousticProblem, medium: BornMedium) -> Source:
    """The source of a problem, as its box wants it.

    Raises:
        GeometryError: if the medium is not the source's fluid where it radiates.
    """
    box, fluid = medium.box, medium.background
    source = _surface(problem, box, fluid) if box.surface else _sheet(problem, box, fluid)
    strength = np.abs(source.planes)
    lit = strength > _LIT * strength.max()
    root = medium.root[source.first : source.first + source.planes.shape[0]]
    wrong = float(np.max(np.abs(root[lit] - 1)))
    if wrong > _PURE:
        raise GeometryError(
            "the source's waves start in front of the grid, where the medium must be the fluid of its first plane, but "
            f"there it departs by {100 * wrong:.0f} %; begin the grid nearer to the source"
        )
    return source


def point_sources(box: BornBox, fluid: Fluid, points: ArrayLike, strengths: ArrayLike) -> Source:
    """Small round sources whose field, some widths away, is that of points: strength * exp(ikR) / (4 pi R).

    A Gaussian blob's spectrum on the sphere |k| is one number, exp(-k^2 sigma^2 / 2), whatever the direction: divided
    out, the field is exact at every angle.

    Args:
        box: the lattice.
        fluid: what they lie in.
        points: in the source's own axes [m], shape (n, 3).
        strengths: shape (n,) [Pa m].
    """
    at = (np.atleast_2d(np.asarray(points, float)) - np.array(box.first)) / box.spacing
    places = np.ascontiguousarray(at[:, [2, 0, 1]])
    sigma = box.blur / box.spacing
    reach = math.ceil(_REACH * sigma)
    low = max(0, math.floor(places[:, 0].min()) - reach)
    high = min(box.shape[0], math.ceil(places[:, 0].max()) + reach + 1)
    planes = np.zeros((high - low, box.shape[1], box.shape[2]), np.complex64)
    places[:, 0] -= low
    k = fluid.wavenumber + 1j * fluid.attenuation
    weight = np.exp(0.5 * (k * box.blur) ** 2) / box.spacing**3
    add_blobs(planes, places, np.atleast_1d(np.asarray(strengths, complex)) * weight, sigma, reach)
    return Source(low, planes)


def _surface(problem: AcousticProblem, box: BornBox, fluid: Fluid) -> Source:
    """The Rayleigh integral is a layer of points -2 i omega rho u dS: the same quadrature as everywhere else."""
    quadrature = by_element(problem.drive.transducer.surface, fluid.wavelength)
    velocity = np.repeat(element_velocities(problem.drive, fluid), np.diff(quadrature.offsets))
    strengths = -2j * fluid.omega * fluid.density * velocity * quadrature.weights
    return point_sources(box, fluid, quadrature.positions, strengths)


def sheet_through(wave: NDArray[np.complex64], box: BornBox, fluid: Fluid) -> Source:
    """A sheet that sends a given wave through the grid's first plane.

    Args:
        wave: pressure on that plane [Pa], on the grid's own columns; it fades at their edges.
        box: made by ``BornBox.behind_a_plane``.
        fluid: between sheet and plane.
    """
    h, shape = box.spacing, (box.shape[1], box.shape[2])
    padded = np.zeros(shape, np.complex64)
    padded[box.crop[1:]] = wave
    spectrum = forward(padded)
    lateral = wavenumbers(shape[0], h)[:, None] ** 2 + wavenumbers(shape[1], h)[None, :] ** 2
    kz = np.sqrt(np.maximum(fluid.wavenumber**2 - lateral, 0.0))
    spectrum *= np.exp(-1j * kz * (box.plane - box.sheet)).astype(np.complex64)
    spectrum *= np.float32(np.exp(fluid.attenuation * (box.plane - box.sheet)))
    first, profile = _profile(box)
    spectrum *= _sheet_gain(shape, h, box.blur, fluid)
    return Source(first, profile[:, None, None] * backward(spectrum))


def _profile(box: BornBox) -> tuple[int, NDArray[np.float32]]:
    """First plane of the sheet and its Gaussian weights [1/m]."""
    h, sigma = box.spacing, box.blur
    z = box.first[2] + h * np.arange(box.shape[0])
    first = max(0, math.floor((box.sheet - box.first[2] - _REACH * sigma) / h))
    last = math.ceil((box.sheet - box.first[2] + _REACH * sigma) / h)
    profile = np.exp(-0.5 * ((z[first : last + 1] - box.sheet) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    return first, profile.astype(np.float32)


def _sheet(problem: AcousticProblem, box: BornBox, fluid: Fluid) -> Source:
    """A plane sheet in front of the grid.

    S(kx, ky) g(z) radiates i S ghat(kz) / (2 kz) exp(i kz |z|) both ways, so the wanted field P needs
    S = -2 i kz P / ghat(kz). A Gaussian g some voxels wide is what a lattice can carry; its backward wave goes into the
    absorbing layer.
    """
    h, sigma = box.spacing, box.blur
    first, profile = _profile(box)
    shape = (box.shape[1], box.shape[2])
    layer = min(box.layers[1] + box.layers[2]) * h
    lattice = PlaneLattice(extent=(shape[0] * h, shape[1] * h), z=box.plane, edge=layer)
    planes = SourcePlanes.of([problem.drive], fluid, lattice)
    spectrum = forward(planes.on_grid(problem.drive, shape, (box.first[0], box.first[1], box.sheet), (h, h)))
    spectrum *= _sheet_gain(shape, h, sigma, fluid)
    lateral = backward(spectrum)
    return Source(first, profile[:, None, None] * lateral)


def _sheet_gain(shape: tuple[int, int], spacing: float, sigma: float, fluid: Fluid) -> NDArray[np.complex64]:
    """-2 i kz / ghat(kz) for the lateral spectrum, zero for waves that run along the sheet."""
    lateral = wavenumbers(shape[0], spacing)[:, None] ** 2 + wavenumbers(shape[1], spacing)[None, :] ** 2
    kept = lateral < (1 - _STEEPEST**2) * fluid.wavenumber**2
    kz = np.where(kept, np.sqrt((fluid.wavenumber + 1j * fluid.attenuation) ** 2 - lateral), 0)
    return (-2j * kz * np.exp(0.5 * (kz * sigma) ** 2)).astype(np.complex64)

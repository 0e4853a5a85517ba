"""The field of a uniformly driven cap: a table over the radius, because it is the same all around."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.quadrature import whole_cap
from openhifu.acoustics.source import Fluid, element_velocities
from openhifu.acoustics.wave_sums import pressure_of
from openhifu.base.errors import CannotModel
from openhifu.model.drive import Drive
from openhifu.model.transducer import Cap

_PER_WAVELENGTH = 12  # radial samples per wavelength: a quintic spline through them is good to 1e-6
_MIRRORED = 8  # samples beyond the axis, so that the spline is even there


class RadialField:
    """|P| and phase of an axisymmetric source on planes across its axis.

    Args:
        drive: a cap with all elements on and in phase.
        fluid: the uniform medium.
        planes: distances of the planes from the apex [m].
        radius: largest distance from the axis [m].

    Raises:
        CannotModel: if the source is not a cap.
    """

    def __init__(self, drive: Drive, fluid: Fluid, planes: NDArray[np.float64], radius: float) -> None:
        cap = drive.transducer.surface
        if not isinstance(cap, Cap):
            raise CannotModel("a radial table needs a cap; an array of pistons is not axisymmetric")
        step = fluid.wavelength / _PER_WAVELENGTH
        self._radii = step * (np.arange(math.ceil(radius / step) + 4 + _MIRRORED) - _MIRRORED)
        outer = self._radii[_MIRRORED:]
        targets = np.zeros((planes.size, outer.size, 3))
        targets[..., 0] = outer
        targets[..., 2] = planes[:, None]
        velocity = element_velocities(drive, fluid)[:1]
        found = pressure_of(targets.reshape(-1, 3), whole_cap(cap, fluid.wavelength), velocity, fluid)
        table = found.reshape(planes.size, outer.size)
        self._table = np.concatenate([table[:, _MIRRORED:0:-1], table], axis=1)

    def plane(self, n: int, radius: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Pressure [Pa] on plane ``n`` at distances ``radius`` [m] from the axis, any shape."""
        from scipy.interpolate import make_interp_spline

        pairs = np.stack([self._table[n].real, self._table[n].imag], axis=1)
        values = make_interp_spline(self._radii, pairs, k=5)(radius)
        return values[..., 0] + 1j * values[..., 1]

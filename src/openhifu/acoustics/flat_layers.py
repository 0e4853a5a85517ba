"""A wave through flat layers, exactly for every lateral wavenumber: the oracle of marching across interfaces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openhifu.acoustics.fourier import wavenumbers
from openhifu.acoustics.source import Fluid
from openhifu.base.errors import OutOfRange


def through_flat_layers(
    plane: NDArray[np.complex128], spacing: float, layers: Sequence[tuple[Fluid, float]]
) -> NDArray[np.complex128]:
    """Forward wave beyond a stack of fluid layers, each crossed once (no wave that was reflected twice).

    Every plane-wave component goes through layer l as exp(i kz_l d_l) with kz_l = sqrt((k_l + i alpha_l)^2 - kt^2), and
    from layer 1 to 2 with the pressure transmission 2 m / (m + 1), m = rho_2 kz_1 / (rho_1 kz_2), exact at every angle.

    Args:
        plane: pressure [Pa] in the first layer, square samples; it should vanish towards its edges.
        spacing: m.
        layers: fluid and thickness [m] of each layer, in the order in which they are crossed.

    Raises:
        OutOfRange: if there is no layer.
    """
    if not layers:
        raise OutOfRange("a stack needs at least one layer")
    spectrum = np.fft.fft2(plane)
    lateral = wavenumbers(plane.shape[0], spacing)[:, None] ** 2 + wavenumbers(plane.shape[1], spacing)[None, :] ** 2
    before: tuple[float, NDArray[np.complex128]] | None = None
    for fluid, thickness in layers:
        kz = np.sqrt((fluid.wavenumber + 1j * fluid.attenuation) ** 2 - lateral + 0j)
        if before is not None:
            ratio = fluid.density * before[1] / (before[0] * kz)
            spectrum *= 2 * ratio / (ratio + 1)
        spectrum *= np.exp(1j * kz * thickness)
        before = (fluid.density, kz)
    return np.asarray(np.fft.ifft2(spectrum), dtype=np.complex128)

"""The body in a CT: what is denser than gas and hangs together, with its cavities, without the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from openhifu.imaging.morphology import Mask, holes_filled, largest, opened, within

LOWEST_HU = -1024.0
"""Padding outside the scan circle is stored as -2048 or less; below this there is nothing to tell apart."""

_OPENING = 5
"""Voxels; thinner things in the axial plane (table, blanket, cable) are parted from the body."""


AIR_BELOW = -950.0
"""HU; the air around a body is near -1000, lung is above this but for emphysema."""


def body_mask(
    hounsfield: NDArray[np.float32], gas_below: float, spacing: tuple[float, float, float], labelled: Mask | None = None
) -> Mask:
    """Voxels of the body, cavities included; faces where the image cuts the body count as interior.

    Args:
        hounsfield: CT numbers; padding is clamped first.
        gas_below: HU under which there is gas.
        spacing: m.
        labelled: voxels known to be inside, lungs too, where there is a label map.
    """
    clamped = np.maximum(hounsfield, LOWEST_HU)
    dense = clamped >= gas_below
    core = largest(opened(dense, _OPENING))
    body = within(core, (_OPENING // 2) * max(spacing[:2]), spacing) & dense
    if labelled is not None:
        body |= labelled
    return holes_filled(body, clamped < AIR_BELOW)


def skin_mask(body: Mask, thickness: float, spacing: tuple[float, float, float]) -> Mask:
    """Voxels whose centre is less deep than ``thickness`` [m] under the body's surface, which runs between voxels."""
    if thickness == 0:
        return np.zeros(body.shape, bool)
    return body & within(~body, thickness + 0.5 * min(spacing), spacing)

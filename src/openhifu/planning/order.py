"""In which order to heat spots: each next one where the beams before it have left the organs coolest.

The heat that exposure i leaves where exposure j will heat is the overlap of their beams in the organs at risk; it fades
with the number of exposures in between. The order is greedy: of the spots that may come next, the one with the least
overlap with what was heated lately, the first in the list where equal. So the same spots give the same order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openhifu.base.field import Field

FADING = 4.0
"""Exposures after which the heat left in a near field has fallen to 1/e; a minute or two of conduction."""


def overlaps(heat: Sequence[Field], spared: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Overlap of the heating of every two exposures within the organs to spare, 1 for equal beams.

    Args:
        heat: W/m3 per watt of every exposure.
        spared: voxels of organs at risk.
    """
    rows = np.stack([h.data[spared] for h in heat]) if spared.any() else np.zeros((len(heat), 1), np.float32)
    products = (rows @ rows.T).astype(np.float64)
    norms = np.sqrt(np.maximum(np.diag(products), 1e-300))
    return products / norms[:, None] / norms[None, :]


def heat_aware_order(overlap: NDArray[np.float64], groups: Sequence[int]) -> tuple[int, ...]:
    """An order of delivery.

    Args:
        overlap: of every two exposures, see ``overlaps``.
        groups: of every exposure; lower groups come first and whole (slices, the deepest first: what is heated near
            the source shields what lies behind it).

    Returns:
        Indices of the exposures in order of delivery.
    """
    left = list(range(len(groups)))
    lately = np.zeros(len(groups))
    chosen: list[int] = []
    while left:
        first = min(groups[i] for i in left)
        best = min((i for i in left if groups[i] == first), key=lambda i: (round(lately[i], 9), i))
        chosen.append(best)
        left.remove(best)
        lately = lately * np.exp(-1 / FADING) + overlap[best]
    return tuple(chosen)

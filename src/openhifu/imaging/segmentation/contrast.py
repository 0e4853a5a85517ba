"""Blood and organs filled with contrast agent: bright, even, and in no denser shell - which bone is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.imaging.morphology import Mask
from openhifu.imaging.segmentation.enclosure import DIRECTIONS, enclosing_directions
from openhifu.imaging.segmentation.filters import (
    Spacing,
    Volume,
    counted,
    nearest_value,
    pieces_of,
    spread_within,
)

TEXTURE_WIDTH = 2e-3
"""m; how far texture is looked at. Trabeculae and cortex vary within this, blood does not."""

EVEN = 0.13
"""Standard deviation over mean of what is even; on the bundled CT blood has 0.02 to 0.13, bone 0.24 to 0.35."""

_BRIGHT = (130.0, 900.0)  # HU a plateau of contrast agent has
_SMALLEST = 0.3e-6  # m3, of a plateau
_SHELL = 25e-3  # m within which a denser shell is looked for
_DENSER = 80.0  # HU by which a shell is denser than what is in it
_SHELL_SHARE = 0.4  # share of directions in which it is met: above this, the plateau is marrow; blood has up to 0.25
_REACH = 6e-3  # m from a plateau to the edge of what it is the core of
_ABOVE = 120.0  # HU: what is denser than the plateau by more does not belong to it
_BLOOD_LEAST = (200.0, 15e-6)  # HU and m3 from which a scan counts as one with contrast agent
_BOLUS = (2000.0, 0.05e-6)  # HU and m3 of undiluted contrast in a vein; denser than any bone of the trunk


@dataclass(frozen=True, eq=False)
class ContrastFilled:
    """What contrast agent fills.

    Attributes:
        mask: where.
        level: HU of blood; None for a scan without contrast agent, as far as this can tell.
    """

    mask: Mask
    level: float | None


def contrast_filled(hounsfield: Volume, smooth: Volume, bright: Mask, spacing: Spacing) -> ContrastFilled:
    """Blood and organs filled with contrast agent.

    Args:
        hounsfield: CT numbers as they are, up to the scanner's highest.
        smooth: the same, clamped to what bone has, without noise.
        bright: voxels of the body that are bone or contrast agent.
        spacing: m.
    """
    share, mean, deviation = spread_within(smooth, bright, TEXTURE_WIDTH, spacing)
    even = bright & (deviation < EVEN * mean) & (share > 0.6) & (mean > _BRIGHT[0]) & (mean < _BRIGHT[1])
    core = _without_shell(even, smooth, spacing)
    level = _blood(core, smooth, spacing)
    highest = mean + np.float32(_ABOVE)
    if level is not None:
        bolus = _bolus(hounsfield, spacing)
        core, highest = core | bolus, np.where(bolus, np.float32(np.inf), highest)
    if not core.any():
        return ContrastFilled(core, level)
    ceiling, away = nearest_value(highest, core, spacing)
    around = core | (bright & (away <= _REACH) & (hounsfield < ceiling))
    numbers, count = pieces_of(around)
    return ContrastFilled((counted(numbers, count, core) > 0)[numbers], level)


def _without_shell(even: Mask, smooth: Volume, spacing: Spacing) -> Mask:
    """Plateaus that are large enough and lie in no denser shell, as marrow does."""
    numbers, count = pieces_of(even)
    if count == 0:
        return even
    sizes = counted(numbers, count, even)
    mean = np.bincount(numbers.ravel(), weights=smooth.ravel(), minlength=count + 1) / np.maximum(sizes, 1)
    owner, _ = nearest_value(numbers, even, spacing)
    denser = smooth > mean.astype(np.float32)[owner] + _DENSER
    closed = enclosing_directions(denser, _SHELL, spacing).astype(np.float64)
    met = np.bincount(numbers.ravel(), weights=closed.ravel(), minlength=count + 1)
    share = met / np.maximum(DIRECTIONS * sizes, 1)
    kept = (sizes * float(np.prod(spacing)) >= _SMALLEST) & (share < _SHELL_SHARE)
    kept[0] = False
    return kept[numbers]


def _blood(core: Mask, smooth: Volume, spacing: Spacing) -> float | None:
    least, volume = _BLOOD_LEAST
    values: NDArray[np.float32] = smooth[core & (smooth > least)]
    return float(np.median(values)) if values.size * float(np.prod(spacing)) > volume else None


def _bolus(hounsfield: Volume, spacing: Spacing) -> Mask:
    least, volume = _BOLUS
    dense = hounsfield > least
    numbers, count = pieces_of(dense)
    return (counted(numbers, count, dense) * float(np.prod(spacing)) >= volume)[numbers]

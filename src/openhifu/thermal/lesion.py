"""What a dose means: thresholds with their sources, lesions, contours and dose-volume curves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openhifu.base.errors import OutOfRange, UnknownName
from openhifu.base.field import Field, Quantity

_ISO = "ISO 14708-3:2017, table 101"


@dataclass(frozen=True)
class Threshold:
    """A dose with a meaning.

    Attributes:
        name: of tissue or effect.
        cem43: min.
        meaning: what happens from there on.
        source: where it comes from.
    """

    name: str
    cem43: float
    meaning: str
    source: str


THRESHOLDS: dict[str, Threshold] = {
    t.name: t
    for t in (
        Threshold("ablation", 240.0, "necrosis is expected", "Yarmolenko et al. 2011, Int. J. Hyperthermia 27:320"),
        Threshold("damage unlikely", 17.0, "below it damage is unlikely", "contour of clinical MR-guided systems"),
        Threshold("muscle", 40.0, "harm becomes possible", _ISO),
        Threshold("fat", 40.0, "harm becomes possible", _ISO),
        Threshold("peripheral nerve", 40.0, "harm becomes possible", _ISO),
        Threshold("skin", 21.0, "harm becomes possible", _ISO),
        Threshold("bone", 16.0, "harm becomes possible", _ISO),
        Threshold("blood-brain barrier", 15.0, "harm becomes possible", _ISO),
        Threshold("brain", 2.0, "harm becomes possible", _ISO),
    )
}
"""Published thresholds by name."""

CONTOURS = (17.0, 240.0)
"""CEM43 [min] of the contours that clinical systems draw: damage unlikely outside the first, expected in the second."""


def threshold(name: str) -> Threshold:
    """A published threshold.

    Raises:
        UnknownName: with the nearest names.
    """
    if name not in THRESHOLDS:
        raise UnknownName("threshold of thermal dose", name, THRESHOLDS)
    return THRESHOLDS[name]


def lesion(dose: Field, at: Threshold) -> NDArray[np.bool_]:
    """Voxels at or over a threshold.

    Raises:
        OutOfRange: if the field is no thermal dose.
    """
    return _minutes(dose) >= at.cem43


def lesion_volume(dose: Field, at: Threshold) -> float:
    """Volume [m3] at or over a threshold, a voxel counting wholly or not at all."""
    return int(np.count_nonzero(lesion(dose, at))) * dose.grid.voxel_volume


def dose_volume(dose: Field, region: NDArray[np.bool_], doses: ArrayLike) -> NDArray[np.float64]:
    """Share of a region that received at least each dose: the cumulative dose-volume curve.

    Args:
        dose: CEM43 [min].
        region: voxels, shape of the field's grid.
        doses: levels [min], any order.

    Raises:
        OutOfRange: if the region is empty or the field is no thermal dose.
    """
    values = np.sort(_minutes(dose)[region])
    if values.size == 0:
        raise OutOfRange("a dose-volume curve needs a region with at least one voxel; enlarge the grid or leave it out")
    below = np.searchsorted(values, np.asarray(doses, float), side="left")
    return 1.0 - below / values.size


def _minutes(dose: Field) -> NDArray[np.float32]:
    if dose.quantity is not Quantity.CEM43:
        raise OutOfRange(f"a thermal dose is needed, this is a field of {dose.quantity.words}")
    return dose.data

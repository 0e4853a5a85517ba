"""What a beam may meet on its way, as classes of material on the image's grid."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from openhifu.base.grid import Grid
from openhifu.model.case_data import CaseData
from openhifu.model.regions import label_mask
from openhifu.model.tissuemap import base_name

BONES = ("bone_cortical", "bone_cancellous", "skull_cortical")
GASES = ("gas", "lung_inflated")
CARTILAGE = "cartilage"


class Way(IntEnum):
    """What a stretch of a ray runs through."""

    WATER = 0
    SOFT = 1
    CARTILAGE = 2
    BONE = 3
    GAS = 4
    BOWEL = 5


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Per voxel of the image: what a ray meets, and how strongly it attenuates.

    Attributes:
        grid: the image's grid.
        way: ``Way`` per voxel, uint8.
        attenuation: Np/m at the device's frequency per voxel's tissue index; bone and gas are opaque and not in here.
        tissue: tissue index per voxel, uint8.
    """

    grid: Grid
    way: NDArray[np.uint8]
    attenuation: NDArray[np.float64]
    tissue: NDArray[np.uint8]


def _way_of(tissue: str, background: str) -> Way:
    if tissue == background:
        return Way.WATER
    if tissue in BONES:
        return Way.BONE
    if tissue in GASES:
        return Way.GAS
    return Way.CARTILAGE if tissue == CARTILAGE else Way.SOFT


def anatomy(data: CaseData, frequency: float) -> Anatomy:
    """Classes and attenuation for rays through a case.

    Args:
        data: the case.
        frequency: Hz.

    Raises:
        MissingProperty: if a tissue that transmits has no attenuation.
    """
    medium = data.medium()
    ways = np.array([_way_of(base_name(t), data.case.background) for t in medium.map.tissues], np.uint8)
    way = ways[medium.map.data]
    bowel = next((o.labels for o in data.case.organs if o.name == "bowel"), ())
    way[label_mask(data.labels, bowel, data.tissues.grid) & (way != Way.GAS)] = Way.BOWEL
    attenuation = np.zeros(len(medium.tissues))
    for i, (item, here) in enumerate(zip(medium.tissues, medium.present(), strict=True)):
        if here and ways[i] not in (Way.BONE, Way.GAS):
            attenuation[i] = item.attenuation.at(frequency)
    return Anatomy(medium.grid, way, attenuation, medium.map.data)

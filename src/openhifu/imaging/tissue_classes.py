"""Tissue map of a CT: labels first, HU classes where no label is, a skin at the body's surface, water outside."""

from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FormatError
from openhifu.base.field import Field
from openhifu.imaging.body import body_mask, skin_mask
from openhifu.imaging.morphology import Mask, within
from openhifu.model.case import Thresholds
from openhifu.model.catalogue import tissue
from openhifu.model.tissuemap import LabelMap, TissueMap

BONE = ("bone_cortical", "bone_cancellous", "skull_cortical")
_HARD = (*BONE, "cartilage")
_FULL_OF_GAS = ("gas", "lung_inflated")
_UNLABELLED = ("gas", "fat", "muscle", "bone_cortical", "skin")


def tissue_map(
    ct: Field,
    labels: LabelMap | None,
    thresholds: Thresholds,
    label_tissues: tuple[tuple[str, str], ...],
    background: str,
) -> TissueMap:
    """What each voxel is made of.

    In this order: outside the body the background; a label's tissue; of what has no label, gas, fat or muscle by HU,
    and bone by HU only within reach of labelled bone or cartilage; inside any label but lung, gas by HU; labelled
    cancellous bone that is dense enough becomes cortical; last, whatever is not bone within the skin's thickness of
    the body's surface becomes skin (faces where the image cuts the body are no surface).

    Raises:
        FormatError: if a label that occurs has no tissue.
        UnknownName: if a tissue is not in the catalogue.
    """
    hu = np.asarray(ct.data, np.float32)
    spacing = ct.grid.spacing
    labelled = np.zeros(ct.grid.shape, bool) if labels is None else labels.data > 0
    body = body_mask(hu, thresholds.gas_below, spacing, labelled)
    names = [background, *_UNLABELLED]
    table = _label_table(labels, label_tissues, names)
    number = {name: n for n, name in enumerate(names)}
    data = np.full(ct.grid.shape, number["muscle"], np.uint8)
    data[hu < thresholds.fat_below] = number["fat"]
    gas = hu < thresholds.gas_below
    data[gas] = number["gas"]
    if labels is not None:
        data[labelled] = table[labels.data[labelled]]
        _refine_labelled(data, hu, labelled, gas, number, thresholds)
        hard = np.isin(data, [number[n] for n in _HARD if n in number]) & labelled
        near = within(hard, thresholds.bone_reach, spacing)
        data[near & ~labelled & (hu > thresholds.bone_above)] = number["bone_cortical"]
    data[skin_mask(body, thresholds.skin_thickness, spacing) & ~np.isin(data, _numbers(number, BONE))] = number["skin"]
    data[~body] = number[background]
    return TissueMap(ct.grid, data, tuple(names))


def _label_table(
    labels: LabelMap | None, label_tissues: tuple[tuple[str, str], ...], names: list[str]
) -> NDArray[np.uint8]:
    """Tissue number per label value; appends tissues not yet among ``names``."""
    for _, name in label_tissues:
        tissue(name)
    for name in names:
        tissue(name)
    if labels is None:
        return np.zeros(1, np.uint8)
    counts = np.bincount(labels.data.ravel(), minlength=max(labels.names) + 1)
    table = np.zeros(len(counts), np.uint8)
    for value, name in labels.names.items():
        found = next((made_of for pattern, made_of in label_tissues if fnmatchcase(name, pattern)), None)
        if found is None and value and counts[value]:
            raise FormatError(f"label {name!r} has no tissue; add it to the case's label_tissues")
        if found is not None:
            if found not in names:
                names.append(found)
            table[value] = names.index(found)
    if "bone_cancellous" not in names:
        names.append("bone_cancellous")
    return table


def _refine_labelled(
    data: NDArray[np.uint8],
    hu: NDArray[np.float32],
    labelled: Mask,
    gas: Mask,
    number: dict[str, int],
    thresholds: Thresholds,
) -> None:
    """Gas inside labels, and the cortical part of labelled bone, in place."""
    data[labelled & gas & ~np.isin(data, _numbers(number, _FULL_OF_GAS))] = number["gas"]
    dense = labelled & (hu >= thresholds.cortical_above)
    data[dense & (data == number["bone_cancellous"])] = number["bone_cortical"]


def _numbers(number: dict[str, int], names: tuple[str, ...]) -> list[int]:
    return [number[name] for name in names if name in number]

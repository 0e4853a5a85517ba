"""Body, skin, fat, muscle, bone, gas and lung of a CT as a label map, for a case without labels of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openhifu.base.errors import FormatError
from openhifu.base.field import Field, Quantity
from openhifu.base.grid import Grid
from openhifu.base.outcome import Outcome, Verdict
from openhifu.base.progress import Progress, silent
from openhifu.imaging.body import AIR_BELOW, LOWEST_HU, body_mask, skin_mask
from openhifu.imaging.morphology import Mask
from openhifu.imaging.resampling import cropped_grid, resampled
from openhifu.imaging.segmentation.bone import bone_in
from openhifu.imaging.segmentation.filters import Spacing, Volume, counted, distance_to, pieces_of, smoothed
from openhifu.model.case import Thresholds
from openhifu.model.tissuemap import LabelMap, nearest

METHODS = ("classical",)
"""Ways to find classes without labels."""

CLASS_TISSUES = (
    ("skin", "skin"),
    ("fat", "fat"),
    ("muscle", "muscle"),
    ("bone", "bone_cancellous"),
    ("gas", "gas"),
    ("lung_air", "lung_inflated"),
)
"""Classes, numbered from 1, with their tissue; bone that is dense enough becomes cortical in the tissue map."""

_NUMBER = {name: n for n, (name, _) in enumerate(CLASS_TISSUES, start=1)}
_FINEST = 1e-3  # m; finer voxels hold more noise than shape
_MARGIN = 3  # voxels around the body
_LUNG_CORE, _LUNG_LEAST = 3e-3, 20e-6  # m and m3
_PARTIAL = 2e-3  # m from gas within which fat's numbers are a mixture of gas and wall
_FAT_LEAST = 1e-3  # m; fat this thick is no mixture
_SOFT = (-200.0, 200.0)  # HU of most of a body


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Classes found in a CT.

    Attributes:
        labels: one of ``CLASS_TISSUES`` a voxel of the body, on the scan's grid.
        contrast_level: HU of blood; None for a scan without contrast agent.
        remarks: what a person should know before taking it.
    """

    labels: LabelMap
    contrast_level: float | None
    remarks: tuple[Outcome, ...]

    def volumes(self) -> dict[str, float]:
        """m3 of each class."""
        counts = np.bincount(self.labels.data.ravel(), minlength=len(_NUMBER) + 1)
        return {name: float(counts[n]) * self.labels.grid.voxel_volume for name, n in _NUMBER.items()}


def segmented(scan: Field, limits: Thresholds, progress: Progress = silent) -> Segmentation:
    """Classes of a CT by thresholds, texture, connectedness and distance.

    Args:
        scan: CT numbers, with the air around the body.
        limits: HU under which there is gas and fat, and the thickness of skin, since a CT hardly shows it.
        progress: told step by step.

    Raises:
        FormatError: if the values cannot be CT numbers of a body in air.
    """
    body = _body(scan, limits.gas_below)
    progress("finding bone and soft tissue", 0.2)
    grid = _working_grid(scan.grid, body)
    hounsfield = np.asarray(resampled(np.maximum(scan.data, LOWEST_HU), scan.grid, grid, order=1), np.float32)
    inside = resampled(body.astype(np.uint8), scan.grid, grid, order=0) > 0
    classes, level = _classes(hounsfield, inside, grid.spacing, limits.gas_below, limits.fat_below)
    progress("finding bone and soft tissue", 0.9)
    data = np.where(body, nearest(classes, grid, scan.grid, outside=0), 0).astype(np.uint8)
    data[body & (data == 0)] = _NUMBER["muscle"]
    skin = skin_mask(body, limits.skin_thickness, scan.grid.spacing)
    data[skin & (data != _NUMBER["bone"])] = _NUMBER["skin"]
    labels = LabelMap(scan.grid, data, {n: name for name, n in _NUMBER.items()})
    return Segmentation(labels, level, _remarks(level))


def _body(scan: Field, gas_below: float) -> Mask:
    """The body, where the values can be CT numbers at all."""
    if scan.quantity is not Quantity.HOUNSFIELD:
        raise FormatError(
            f"classes are found by CT numbers, and the scan holds {scan.quantity.words}; give a CT, or labels of it"
        )
    values = np.asarray(scan.data, np.float32)
    if not np.any(values < AIR_BELOW):
        raise FormatError(
            f"the scan has no voxel below {AIR_BELOW:.0f} HU (lowest {values.min():.0f}): these are no CT numbers, or "
            "the air around the body was cut away; give the whole CT in HU"
        )
    body = body_mask(values, gas_below, scan.grid.spacing)
    middle = float(np.median(values[body & (values > gas_below)])) if np.any(body & (values > gas_below)) else np.nan
    if not _SOFT[0] < middle < _SOFT[1]:
        raise FormatError(
            f"half of what is no gas lies above {middle:.0f} HU, where a body has {_SOFT[0]:.0f} to {_SOFT[1]:.0f}: "
            "these are no CT numbers; check the rescale slope and intercept the file was made with"
        )
    return body


def _working_grid(grid: Grid, body: Mask) -> Grid:
    """The body with a margin, no finer than noise allows."""
    ranges = []
    for axis in range(3):
        along = np.flatnonzero(body.any(axis=tuple(n for n in range(3) if n != axis)))
        ranges.append((max(int(along[0]) - _MARGIN, 0), min(int(along[-1]) + 1 + _MARGIN, grid.shape[axis])))
    coarse = (grid.spacing[0], grid.spacing[1], grid.spacing[2])
    wanted = tuple(max(s, _FINEST) for s in coarse)
    first, second, third = ranges
    return cropped_grid(grid, (first, second, third), (wanted[0], wanted[1], wanted[2]))


def _classes(
    hounsfield: Volume, body: Mask, spacing: Spacing, gas_below: float, fat_below: float
) -> tuple[NDArray[np.uint8], float | None]:
    smooth = smoothed(np.minimum(hounsfield, np.float32(200)), 0.6e-3, spacing)
    bone = bone_in(hounsfield, body, gas_below, spacing)
    airy = body & (hounsfield < gas_below)
    lung = _lung(airy, smoothed(hounsfield, 0.8e-3, spacing), spacing)
    fat = body & (smooth < fat_below) & ~airy
    mixed = fat & (distance_to(airy | ~body, spacing) <= _PARTIAL)
    thick = distance_to(~fat, spacing) > max(_FAT_LEAST, 1.01 * min(spacing))
    fat &= ~mixed | (distance_to(thick & ~mixed, spacing) <= _PARTIAL)
    out = np.where(body, _NUMBER["muscle"], 0).astype(np.uint8)
    out[fat] = _NUMBER["fat"]
    out[airy] = _NUMBER["gas"]
    out[lung] = _NUMBER["lung_air"]
    out[bone.mask] = _NUMBER["bone"]
    return out, bone.level


def _lung(airy: Mask, smooth: Volume, spacing: Spacing) -> Mask:
    """Gas that hangs together with a large piece less empty than gas in bowel; windpipe and emphysema with it."""
    tissue = airy & (smooth > AIR_BELOW)
    core = distance_to(~tissue, spacing) > _LUNG_CORE
    numbers, count = pieces_of(core)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1) * float(np.prod(spacing))
    sizes[0] = 0
    kept = (sizes >= _LUNG_LEAST)[numbers]
    whole, many = pieces_of(airy)
    return (counted(whole, many, kept) > 0)[whole]


def _remarks(level: float | None) -> tuple[Outcome, ...]:
    said = [
        Outcome(
            verdict=Verdict.WARNING,
            sentence="classes were found classically: organs, blood and bowel count as muscle, skin is a layer",
            remedy="look at the picture; outline organs at risk by hand where limits differ",
        )
    ]
    if level is not None:
        said.append(
            Outcome(
                verdict=Verdict.OK,
                sentence=f"the scan has contrast agent (blood {level:.0f} HU), kept apart from bone by its evenness",
            )
        )
    return tuple(said)

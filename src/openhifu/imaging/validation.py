"""Accuracy of what is made of images, as rows of data that can be re-run at any time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np

from openhifu.base.field import Field
from openhifu.base.picture import Panel, Picture
from openhifu.base.validation import ValidationRow
from openhifu.imaging.bundled import bundled_case
from openhifu.imaging.morphology import Mask
from openhifu.imaging.presets import preset
from openhifu.imaging.reading import read_case
from openhifu.imaging.segmentation.agreement import (
    BONES,
    CONFUSERS,
    REFERENCE,
    Agreement,
    agreement,
    agreements,
    labelled,
    share_taken,
)
from openhifu.imaging.segmentation.classes import Segmentation, segmented
from openhifu.imaging.segmentation.filters import distance_to
from openhifu.imaging.segmentation.phantom import torso_phantom
from openhifu.model.tissuemap import LabelMap

_MODEL = "labels of cases/liver, a model's output whose rims are thin"
_UNIT = "(1 - Dice)"


@cache
def _phantom() -> tuple[Segmentation, LabelMap]:
    scan, truth = torso_phantom()
    return segmented(scan, preset("liver").thresholds.to_thresholds()), truth


@cache
def _phantom_rows() -> dict[str, Agreement]:
    found, truth = _phantom()
    return {a.name: a for a in agreements(found.labels, truth)}


@cache
def _liver() -> tuple[Field, Segmentation, LabelMap]:
    case = read_case(bundled_case("liver"))
    if case.labels is None:
        raise AssertionError("the bundled case has labels")
    return case.ct, segmented(case.ct, case.case.thresholds), case.labels


def _phantom_class(name: str, limit: float) -> ValidationRow:
    found, truth = _phantom()
    row = _phantom_rows()[name]
    case = f"segmentation-phantom-{name.removesuffix('_air')}"
    said = f"a torso known voxel by voxel; surfaces {1e3 * row.surface:.2f} mm apart"
    picture = _planes(found.labels.data, truth.data, truth) if name == "bone" else None
    return ValidationRow.of(case, 1 - row.dice, limit, _UNIT, said, picture)


def phantom_body() -> ValidationRow:
    """Body of the phantom, table left out: 1 - Dice."""
    found, truth = _phantom()
    row = agreement("body", found.labels.data > 0, truth.data > 0, truth.grid.spacing)
    return ValidationRow.of("segmentation-phantom-body", 1 - row.dice, 0.01, _UNIT, "the phantom's body")


def liver_bone() -> ValidationRow:
    """Bone of the bundled CT: 1 - Dice against labels that leave out its rim and the discs between vertebrae."""
    _, found, truth = _liver()
    mine, other = labelled(found.labels, ("bone",)), labelled(truth, BONES)
    row = agreement("bone", mine, other, truth.grid.spacing)
    said = (
        f"{_MODEL}; {100 * row.found:.0f} % of it found, {100 * row.near:.0f} % of both surfaces "
        f"within {1e3 * row.tolerance:.1f} mm"
    )
    picture = _planes(mine, other, truth)
    return ValidationRow.of("segmentation-liver-bone", 1 - row.dice, 0.25, _UNIT, said, picture)


def liver_bone_missed() -> ValidationRow:
    """Share of the labelled bone that lies further than 2.5 mm from any bone found, where a beam might be planned."""
    _, found, truth = _liver()
    away = distance_to(labelled(found.labels, ("bone",)), truth.grid.spacing)[labelled(truth, BONES)]
    share = float(np.mean(away > 2.5e-3 * (1 + 1e-6)))
    return ValidationRow.of("segmentation-liver-bone-missed", 100 * share, 2.0, "% of the bone", _MODEL)


def liver_mistaken() -> ValidationRow:
    """Share of blood, heart-side veins, kidneys, spleen, liver and gut that is taken for bone."""
    _, found, truth = _liver()
    share = share_taken(found.labels, "bone", truth, CONFUSERS)
    if share is None:
        raise AssertionError("the bundled labels have vessels and organs")
    return ValidationRow.of(
        "segmentation-liver-mistaken",
        100 * share,
        0.2,
        "% of vessels and organs",
        _MODEL,
    )


def liver_lung() -> ValidationRow:
    """Lung of the bundled CT: 1 - Dice."""
    _, found, truth = _liver()
    mine, other = labelled(found.labels, ("lung_air",)), labelled(truth, REFERENCE["lung_air"])
    row = agreement("lung", mine, other, truth.grid.spacing)
    return ValidationRow.of("segmentation-liver-lung", 1 - row.dice, 0.06, _UNIT, _MODEL)


def _planes(found: np.ndarray | Mask, truth: np.ndarray | Mask, grid_of: LabelMap) -> Picture:
    middle = grid_of.grid.shape[2] // 2
    half = [0.5e3 * n * s for n, s in zip(grid_of.grid.shape[:2], grid_of.grid.spacing[:2], strict=True)]
    extent = (-half[0], half[0], -half[1], half[1])
    panels = tuple(
        Panel(label, np.asarray(np.take(data, middle, axis=2).T, np.float64), extent, "1")
        for label, data in (("found", found), ("reference", truth))
    )
    return Picture(x_label="x [mm]", y_label="y [mm]", panels=panels)


CASES: dict[str, Callable[[], ValidationRow]] = {
    "segmentation-phantom-body": phantom_body,
    "segmentation-phantom-skin": partial(_phantom_class, "skin", 0.25),
    "segmentation-phantom-fat": partial(_phantom_class, "fat", 0.05),
    "segmentation-phantom-muscle": partial(_phantom_class, "muscle", 0.05),
    "segmentation-phantom-bone": partial(_phantom_class, "bone", 0.1),
    "segmentation-phantom-gas": partial(_phantom_class, "gas", 0.1),
    "segmentation-phantom-lung": partial(_phantom_class, "lung_air", 0.05),
    "segmentation-liver-bone": liver_bone,
    "segmentation-liver-bone-missed": liver_bone_missed,
    "segmentation-liver-mistaken": liver_mistaken,
    "segmentation-liver-lung": liver_lung,
}
"""Every case by its name."""

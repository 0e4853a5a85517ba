"""The body in a scan and what it is made of, on a synthetic torso where every answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from openhifu.base.errors import FormatError, UnknownName
from openhifu.base.field import Field, Quantity
from openhifu.imaging import tissue_map
from openhifu.imaging.body import body_mask
from openhifu.imaging.morphology import holes_filled, largest, opened, within
from openhifu.imaging.resampling import cropped_grid, resampled
from openhifu.model.case import Thresholds
from openhifu.model.tissuemap import LabelMap, TissueMap
from tests.torso import GRID, NAMES, torso

LABEL_TISSUES = (
    ("liver", "liver"),
    ("lung_*", "lung_inflated"),
    ("rib_*", "bone_cancellous"),
    ("colon", "muscle"),
)
THRESHOLDS = Thresholds(
    gas_below=-400, fat_below=-20, bone_above=250, bone_reach=4e-3, cortical_above=300, skin_thickness=2e-3
)
X, Y, _ = np.moveaxis(GRID.points() * 1e3, -1, 0)
RADIUS = np.sqrt((X / 65) ** 2 + (Y / 55) ** 2)


def made(labelled: bool = True, thresholds: Thresholds = THRESHOLDS) -> TissueMap:
    hounsfield, labels = torso()
    ct = Field(GRID, hounsfield, Quantity.HOUNSFIELD)
    return tissue_map(ct, LabelMap(GRID, labels, NAMES) if labelled else None, thresholds, LABEL_TISSUES, "water")


def test_the_body_is_the_ellipse_without_table_and_with_its_cavities() -> None:
    hounsfield, _ = torso()
    body = body_mask(hounsfield.astype(np.float32), -400, GRID.spacing)
    wrong = body != (RADIUS < 1)
    assert np.mean(wrong[RADIUS < 1]) < 0.005
    assert not body[RADIUS > 1].any()
    assert body[np.hypot(X - 30, Y) < 15].all()


def test_a_crop_through_the_lung_leaves_the_lung_inside() -> None:
    hounsfield, _ = torso()
    cut = hounsfield[:54].astype(np.float32)
    assert (cut[-1] < -400).any()
    body = body_mask(cut, -400, GRID.spacing)
    inside = RADIUS[:54] < 1
    assert np.mean(body != inside) < 0.005
    assert body[-1][np.hypot(X - 30, Y)[53] < 15].all()


@pytest.mark.parametrize("labelled", [True, False])
def test_a_lung_in_the_corner_of_a_crop_is_inside(labelled: bool) -> None:
    hounsfield, labels = torso()
    part = slice(0, 54), slice(0, 40), slice(0, 12)
    assert (hounsfield[53, 39] < -400).all()
    body = body_mask(hounsfield[part].astype(np.float32), -400, GRID.spacing, labels[part] > 0 if labelled else None)
    inside = RADIUS[part] < 1
    assert np.mean(body != inside) < 0.005
    assert body[53, 39].all()


def test_a_crop_face_is_no_surface() -> None:
    hounsfield, labels = torso()
    grid = GRID.crop((0, 0, 3), (40, 72, 9))
    part = slice(0, 40), slice(0, 72), slice(3, 9)
    ct = Field(grid, hounsfield[part], Quantity.HOUNSFIELD)
    tissues = tissue_map(ct, LabelMap(grid, labels[part], NAMES), THRESHOLDS, LABEL_TISSUES, "water")
    whole = made()
    assert np.array_equal(tissues.data == tissues.index_of("skin"), (whole.data == whole.index_of("skin"))[part])
    assert not tissues.mask("skin")[-1, 30:42].any()


def test_skin_has_the_thickness_asked_for() -> None:
    for thickness in (0.0, 2e-3, 4e-3):
        tissues = made(thresholds=THRESHOLDS.model_copy(update={"skin_thickness": thickness}))
        row = tissues.mask("skin")[:40, 36, 5]
        assert np.count_nonzero(row) * 2e-3 == pytest.approx(thickness)
    assert made().mask("water", "skin")[:, 36, 5].nonzero()[0].size > 0


def test_fat_muscle_and_gas_by_hu_where_no_label_is() -> None:
    tissues = made()
    assert tissues.mask("fat")[(RADIUS > 0.85) & (RADIUS < 0.93)].all()
    assert tissues.mask("muscle")[(RADIUS > 0.78) & (RADIUS < 0.82)].mean() > 0.95
    assert tissues.mask("gas")[np.hypot(X, Y - 32) < 3].all()
    assert tissues.mask("water")[RADIUS > 1].all()


def test_labels_come_first() -> None:
    tissues = made()
    assert tissues.mask("liver")[np.hypot(X + 15, Y) < 21].all()
    assert tissues.mask("lung_inflated")[np.hypot(X - 30, Y) < 14].all()


def test_bone_is_cortical_where_dense_and_marrow_inside() -> None:
    tissues = made()
    assert tissues.mask("bone_cancellous")[np.hypot(X + 46, Y) < 1.5].all()
    ring = np.hypot(X + 46, Y)
    assert tissues.mask("bone_cortical")[(ring > 2) & (ring < 4)].all()


def test_bright_is_bone_only_near_labelled_bone() -> None:
    tissues = made()
    assert tissues.mask("bone_cortical")[np.hypot(X + 50, Y - 3) < 1.5].all()
    assert tissues.mask("muscle")[np.hypot(X - 20, Y + 30) < 2].all()


def test_without_labels_hu_decides_alone_and_knows_no_bone() -> None:
    tissues = made(labelled=False)
    assert not tissues.mask("bone_cortical").any()
    assert tissues.mask("gas")[np.hypot(X - 30, Y) < 14].all()


def test_a_label_without_tissue_is_refused() -> None:
    hounsfield, labels = torso()
    ct = Field(GRID, hounsfield, Quantity.HOUNSFIELD)
    with pytest.raises(FormatError, match="label 'colon' has no tissue"):
        tissue_map(ct, LabelMap(GRID, labels, NAMES), THRESHOLDS, LABEL_TISSUES[:3], "water")


def test_an_unknown_tissue_is_refused() -> None:
    hounsfield, labels = torso()
    ct = Field(GRID, hounsfield, Quantity.HOUNSFIELD)
    with pytest.raises(UnknownName, match="no tissue called 'lver'; nearest: liver"):
        tissue_map(ct, LabelMap(GRID, labels, NAMES), THRESHOLDS, (("liver", "lver"),), "water")


def test_reach_is_a_distance_in_millimetres() -> None:
    mask = np.zeros((21, 21, 21), bool)
    mask[10, 10, 10] = True
    near = within(mask, 4.0, (1.0, 1.0, 2.0))
    i, j, k = np.indices(mask.shape) - 10
    assert np.array_equal(near, i**2 + j**2 + (2 * k) ** 2 <= 16)


def test_opening_and_largest_drop_the_thin_and_the_small() -> None:
    mask = np.zeros((30, 30, 3), bool)
    mask[2:14, 2:14] = True
    mask[20:27, 20:27] = True
    mask[:, 17:19] = True
    kept = largest(opened(mask, 5))
    expected = np.zeros_like(mask)
    expected[2:14, 2:14] = True
    assert np.array_equal(kept, expected)


def test_holes_are_filled_in_the_plane_only_when_enclosed() -> None:
    mask = np.zeros((12, 12, 2), bool)
    mask[2:10, 2:10] = True
    mask[4:7, 4:7] = False
    air = np.ones_like(mask)
    assert holes_filled(mask, air)[4:7, 4:7].all()
    mask[4:7, 2:4] = False
    assert not holes_filled(mask, air)[4:7, 4:7].any()


def test_resampling_keeps_a_linear_ramp_and_its_place() -> None:
    ramp = (GRID.points() @ np.array([3e4, -2e4, 1e4])).astype(np.float32)
    onto = cropped_grid(GRID, ((10, 60), (5, 65), (2, 10)), (3e-3, 2.5e-3, 4e-3))
    found = resampled(ramp, GRID, onto, order=1)
    assert found.shape == onto.shape == (33, 48, 6)
    expected = onto.points() @ np.array([3e4, -2e4, 1e4])
    assert found == pytest.approx(expected, abs=0.02)
    # The outer corner of the first voxel is the crop's.
    assert onto.world((-0.5, -0.5, -0.5)) == pytest.approx(GRID.world((9.5, 4.5, 1.5)))


def test_foam_between_body_and_table_is_outside_where_the_body_meets_both_sides_of_the_image() -> None:
    mask = np.zeros((20, 20, 4), bool)
    mask[3:17, 6:15] = True
    mask[:, 6:15, 0] = True  # here the hips reach the image's sides and part the foam from the air in front
    air = ~mask
    air[:, :6] = False
    body = holes_filled(mask, air)
    assert np.array_equal(body, mask)
    lung = mask.copy()
    lung[8:12, :12] = False  # cut by the image, and nothing outside beside it
    alone = lung[:, :, :1]
    assert holes_filled(alone, np.zeros_like(alone))[8:12, 6:12].all()

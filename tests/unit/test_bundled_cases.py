"""The bundled cases are what they say: intact, placed right, and free of the traps of the scan they came from."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from openhifu.base.errors import UnknownName
from openhifu.base.outcome import Verdict
from openhifu.imaging import bundled_case, bundled_case_names, check_case, distances, read_case
from openhifu.model.case_data import CaseData
from openhifu.model.catalogue import transducer
from openhifu.model.regions import target_mask
from openhifu.model.target import Sphere


@pytest.fixture(scope="module")
def liver() -> CaseData:
    return read_case(bundled_case("liver"))


def centre(data: CaseData) -> np.ndarray:
    assert isinstance(data.case.target, Sphere)
    return np.asarray(data.case.target.centre)


def nearest(data: CaseData, mask: np.ndarray) -> float:
    """Distance [mm] from the target's centre to the nearest voxel of a mask."""
    return 1e3 * float(np.linalg.norm(data.ct.grid.world(np.argwhere(mask)) - centre(data), axis=-1).min())


def test_every_bundled_case_can_be_planned() -> None:
    assert bundled_case_names() == ("liver", "liver-in-water")
    for name in bundled_case_names():
        found = check_case(bundled_case(name))
        assert all(o.verdict is not Verdict.ERROR for o in found), found
        transducer(read_case(bundled_case(name)).case.device)


def test_an_unknown_case_names_its_neighbours() -> None:
    with pytest.raises(UnknownName, match="no bundled case called 'livr'; nearest: liver"):
        bundled_case("livr")


def test_attribution_lies_beside_the_scan() -> None:
    text = (bundled_case("liver") / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "CC BY 3.0" in text and "LIDC-IDRI" in text and "TotalSegmentator" in text


def test_the_bundle_is_small() -> None:
    assert sum(f.stat().st_size for f in bundled_case("liver").iterdir()) < 5.5e6


def test_the_target_is_whole_liver(liver: CaseData) -> None:
    assert liver.labels is not None
    inside = target_mask(liver.case.target, liver.ct.grid, liver.labels)
    assert np.all(liver.labels.data[inside] == 5)
    assert np.all(liver.tissues.mask("liver")[inside])
    assert np.count_nonzero(inside) * liver.ct.grid.voxel_volume * 1e6 == pytest.approx(5.58, rel=0.02)
    assert float(liver.ct.data[inside].mean()) == pytest.approx(71, abs=3)


def test_the_anatomy_around_the_target_is_where_it_was_measured(liver: CaseData) -> None:
    assert liver.labels is not None
    assert nearest(liver, ~liver.labels.mask("liver")) == pytest.approx(27, abs=1.5)
    assert nearest(liver, liver.labels.mask("rib_*")) == pytest.approx(28.5, abs=1.5)
    assert nearest(liver, liver.labels.mask("kidney_right")) == pytest.approx(67, abs=2)
    assert nearest(liver, liver.labels.mask("heart")) == pytest.approx(82, abs=2)
    assert nearest(liver, liver.labels.mask("portal_vein_and_splenic_vein")) == pytest.approx(29, abs=2)
    away = distances(liver)
    assert away["bowel"] > 0.02
    assert away["lung"] > 0.02


def test_the_whole_liver_is_in_the_crop(liver: CaseData) -> None:
    assert liver.labels is not None
    volume = np.count_nonzero(liver.labels.mask("liver")) * liver.ct.grid.voxel_volume
    assert 1e6 * volume == pytest.approx(1023, rel=0.01)


def test_the_axis_of_the_known_pose_crosses_skin_fat_muscle_rib_liver(liver: CaseData) -> None:
    direction = np.array([-0.81916, -0.50110, -0.27906])
    depth = np.arange(0, 60, 0.25)
    points = centre(liver) + 1e-3 * depth[:, None] * direction
    idx = np.rint(liver.ct.grid.index(points)).astype(int)
    names = np.array(liver.tissues.tissues)[liver.tissues.data[tuple(idx.T)]]
    in_order = [name for n, name in enumerate(names) if n == 0 or names[n - 1] != name]
    assert in_order[0] == "liver" and in_order[-2:] == ["skin", "water"]
    along = {name: 0.25 * np.count_nonzero(names == name) for name in set(in_order)}
    assert depth[np.argmax(names == "water")] == pytest.approx(48.4, abs=1.5)
    assert along["skin"] == pytest.approx(2, abs=1)
    assert along["fat"] == pytest.approx(8.2, abs=2)
    assert along["liver"] == pytest.approx(28, abs=1.5)
    assert along["bone_cortical"] + along["bone_cancellous"] == pytest.approx(6, abs=2)


def test_table_and_padding_are_outside_and_water(liver: CaseData) -> None:
    assert liver.ct.data.min() >= -1024
    outside = liver.tissues.mask("water")
    assert float(np.mean(liver.ct.data[outside] == -1000)) > 0.9
    assert liver.ct.data[outside].max() < -400


def test_contrast_is_not_bone(liver: CaseData) -> None:
    assert liver.labels is not None
    bone = liver.tissues.mask("bone_cortical", "bone_cancellous")
    bright = liver.ct.data > 250
    assert float(np.mean(bone[bright])) < 0.45
    for name in ("heart", "aorta", "kidney_right"):
        assert not bone[liver.labels.mask(name)].any()
    assert bone[liver.labels.mask("rib_*")].mean() > 0.95


def test_cartilage_is_cartilage_even_where_calcified(liver: CaseData) -> None:
    assert liver.labels is not None
    assert liver.tissues.mask("cartilage")[liver.labels.mask("costal_cartilages")].mean() > 0.95


def test_lungs_cut_by_the_crop_are_not_outside(liver: CaseData) -> None:
    assert liver.labels is not None
    assert liver.tissues.mask("lung_inflated")[liver.labels.mask("lung_*")].all()


def test_the_block_in_water_is_what_its_script_makes(tmp_path: Path) -> None:
    folder = bundled_case("liver-in-water")
    script = runpy.run_path(str(folder.parent / "make_liver_in_water.py"))
    script["make"](tmp_path / "liver-in-water")
    made, bundled = read_case(tmp_path / "liver-in-water"), read_case(folder)
    assert np.array_equal(made.tissues.data, bundled.tissues.data)
    assert np.array_equal(made.ct.data, bundled.ct.data)
    assert made.case.target == bundled.case.target
    assert made.case.organs == bundled.case.organs
    grid = bundled.ct.grid
    block = np.all(np.abs(grid.points()) < 40e-3, axis=-1)
    assert np.array_equal(bundled.tissues.mask("liver"), block)
    assert bundled.tissues.mask("water")[~block].all()
